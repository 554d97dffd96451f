import 'reflect-metadata'; // the certificate library needs it before it is loaded
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  type Extension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** PEM. */
export interface MadeCertificate {
  cert: string;
  key: string;
}

export interface WantedCertificate {
  /** Hosts and addresses of a server. Without any it is for a client. */
  names?: readonly string[];
  usage?: ExtendedKeyUsage;
  from?: Date;
  until?: Date;
}

/** Signs whatever it is asked to: everything that makes a certificate good or not for whom it is shown to. */
export class TestAuthority {
  private constructor(
    private readonly certificate: X509Certificate,
    private readonly privateKey: webcrypto.CryptoKey,
  ) {}

  static async make(name = 'CN=Test authority', isAuthority = true): Promise<TestAuthority> {
    return TestAuthority.of(await selfSigned(name, isAuthority));
  }

  static async of({ cert, key }: MadeCertificate): Promise<TestAuthority> {
    const pkcs8 = PemConverter.decodeFirst(key);
    return new TestAuthority(
      new X509Certificate(cert),
      await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']),
    );
  }

  get pem(): string {
    return this.certificate.toString('pem');
  }

  async issue(subject: string, wanted: WantedCertificate = {}): Promise<MadeCertificate> {
    const keys = await makeKeys();
    const certificate = await X509CertificateGenerator.create({
      notBefore: wanted.from ?? new Date(Date.now() - 2 * DAY_MS),
      notAfter: wanted.until ?? new Date(Date.now() + 20 * DAY_MS),
      subject,
      issuer: this.certificate.subject,
      publicKey: keys.publicKey,
      signingKey: this.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: extensionsOf(wanted),
    });
    return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
  }
}

export async function selfSigned(name: string, isAuthority = false): Promise<MadeCertificate> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    notBefore: new Date('2020-01-01'),
    notAfter: new Date(Date.now() + 30 * DAY_MS),
    name,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(isAuthority, undefined, true)],
  });
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
}

const makeKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

function extensionsOf({ names, usage }: WantedCertificate): Extension[] {
  if (!names) return [new ExtendedKeyUsageExtension([usage ?? ExtendedKeyUsage.clientAuth])];
  const entries = names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value }));
  return [new SubjectAlternativeNameExtension(entries), ...(usage ? [new ExtendedKeyUsageExtension([usage])] : [])];
}

const pemOf = async (key: webcrypto.CryptoKey): Promise<string> =>
  PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
