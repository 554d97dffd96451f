import 'reflect-metadata'; // the certificate library needs it before it is loaded
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  type Extension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR = 3_600_000;

/** PEM. */
export interface Made {
  cert: string;
  key: string;
}

interface Kind {
  hours?: number;
  usage?: ExtendedKeyUsage;
}

/** Everything that makes a certificate good or not for a client. */
export class TestAuthority {
  private constructor(
    private readonly keys: webcrypto.CryptoKeyPair,
    private readonly certificate: X509Certificate,
  ) {}

  static async make(name = 'CN=Test authority', isAuthority = true): Promise<TestAuthority> {
    const keys = await makeKeys();
    const extensions = [new BasicConstraintsExtension(isAuthority, undefined, true)];
    return new TestAuthority(
      keys,
      await X509CertificateGenerator.createSelfSigned({
        ...lasting(24),
        name,
        keys,
        signingAlgorithm: ALGORITHM,
        extensions,
      }),
    );
  }

  get pem(): string {
    return this.certificate.toString('pem');
  }

  async issue(subject: string, { hours = 24, usage = ExtendedKeyUsage.clientAuth }: Kind = {}): Promise<Made> {
    const keys = await makeKeys();
    const extensions: Extension[] = [new ExtendedKeyUsageExtension([usage])];
    const certificate = await X509CertificateGenerator.create({
      ...lasting(hours),
      subject,
      issuer: this.certificate.subject,
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions,
    });
    return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
  }
}

export async function selfSigned(name: string): Promise<Made> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...lasting(24),
    name,
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
}

const makeKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

/** Negative: it has ended. */
const lasting = (hours: number) => ({
  notBefore: new Date(Date.now() - 48 * HOUR),
  notAfter: new Date(Date.now() + hours * HOUR),
});

const pemOf = async (key: webcrypto.CryptoKey): Promise<string> =>
  PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
