import 'reflect-metadata'; // the certificate library needs it before it is loaded
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const makeKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

/** PEM. */
export interface ServerPair {
  cert: string;
  key: string;
}

/** An authority that signs whatever it is asked to. */
export class Authority {
  private constructor(
    private readonly certificate: X509Certificate,
    private readonly keys: webcrypto.CryptoKeyPair,
  ) {}

  static async make(): Promise<Authority> {
    const keys = await makeKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=Test authority',
      keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date('2020-01-01'),
      notAfter: new Date(Date.now() + 30 * DAY_MS),
      extensions: [new BasicConstraintsExtension(true, 0, true)],
    });
    return new Authority(certificate, keys);
  }

  get pem(): string {
    return this.certificate.toString('pem');
  }

  async sign(names: string | string[], validity: { from?: Date; until?: Date } = {}): Promise<ServerPair> {
    const own = await makeKeys();
    const leaf = await X509CertificateGenerator.create({
      subject: 'CN=Test provider',
      issuer: this.certificate.subject,
      publicKey: own.publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: validity.from ?? new Date(Date.now() - DAY_MS),
      notAfter: validity.until ?? new Date(Date.now() + 20 * DAY_MS),
      extensions: [new SubjectAlternativeNameExtension([names].flat().map((value) => ({ type: 'dns', value })))],
    });
    const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY');
    return { cert: leaf.toString('pem'), key };
  }
}
