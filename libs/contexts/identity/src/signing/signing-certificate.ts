import 'reflect-metadata'; // the certificate library needs it before it is loaded
import { createHash, type KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { cryptoProvider, X509CertificateGenerator } from '@peculiar/x509';

cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
const YEARS = 13;

/** A certificate that says no more than that this key is ours: for programs that want a key in this form. */
export async function signingCertificate(privateKey: KeyObject, publicKey: KeyObject, host: string): Promise<string> {
  const { subtle } = webcrypto;
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [host] }],
    serialNumber: serialNumber(),
    notBefore: new Date(now - 3_600_000), // clocks that are a little behind
    notAfter: new Date(now + YEARS * 365 * 86_400_000),
    signingAlgorithm: ALGORITHM,
    keys: {
      privateKey: await subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']),
      publicKey: await subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
    },
  });
  return certificate.toString('pem');
}

/** SHA-1 over the certificate, as such names are made; a name, not a proof. */
export function certificateNames(pem: string): { fingerprint: string; thumbprint: string } {
  const thumbprint = createHash('sha1').update(new X509Certificate(pem).raw).digest('hex').toUpperCase();
  return { fingerprint: thumbprint.match(/../g)!.join(':'), thumbprint };
}

/** Positive and random, RFC 5280 §4.1.2.2. */
const serialNumber = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
};
