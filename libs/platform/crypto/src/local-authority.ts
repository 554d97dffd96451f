import 'reflect-metadata'; // the certificate library needs it before it is loaded
import { createPrivateKey, randomBytes, webcrypto, X509Certificate as NodeCertificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** PEM. Clients have to trust `ca`; a server shows `cert`. */
export interface LocalAuthority {
  ca: string;
  cert: string;
  key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const LEAF_DAYS = 397; // the most that browsers accept
const RENEW_DAYS = 30;
const ALWAYS = ['localhost', '127.0.0.1', '::1', 'mtls.localhost'];

/**
 * A certificate authority of this machine alone, in `tls/` under the directory, and a server certificate of it for
 * these hosts and for localhost. Both are made at the first call and read afterwards; the server's is renewed 30 days
 * before it ends and when the hosts change, the authority stays.
 */
export async function createLocalAuthority(dir: string, hosts: readonly string[] = []): Promise<LocalAuthority> {
  cryptoProvider.set(webcrypto);
  const home = join(dir, 'tls');
  await mkdir(home, { recursive: true, mode: 0o700 });
  await chmod(home, 0o700);
  const names = [...new Set([...ALWAYS, ...hosts.map((host) => host.replace(/^\[(.*)\]$/, '$1'))])];

  const authority = (await readPair(home, 'ca')) ?? (await save(home, 'ca', await makeAuthority()));
  const known = await readPair(home, 'server');
  const leaf = known && isGood(known, authority, names) ? known : await makeLeaf(authority, names);
  if (leaf !== known) await save(home, 'server', leaf);
  return { ca: authority.cert, cert: leaf.cert, key: leaf.key };
}

interface Pair {
  cert: string;
  key: string;
}

async function makeAuthority(): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(CA_DAYS),
    serialNumber: serialNumber(),
    name: 'CN=Strongroom local authority',
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
}

async function makeLeaf(authority: Pair, names: readonly string[]): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const issuer = new X509Certificate(authority.cert);
  const pkcs8 = PemConverter.decodeFirst(authority.key);
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(names.map(generalName)),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
    await AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
  ];
  const certificate = await X509CertificateGenerator.create({
    ...validity(LEAF_DAYS),
    serialNumber: serialNumber(),
    subject: 'CN=Strongroom',
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']),
    signingAlgorithm: ALGORITHM,
    extensions,
  });
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
}

function isGood(leaf: Pair, authority: Pair, names: readonly string[]): boolean {
  const certificate = new NodeCertificate(leaf.cert);
  return (
    certificate.checkPrivateKey(createPrivateKey(leaf.key)) &&
    certificate.verify(new NodeCertificate(authority.cert).publicKey) &&
    certificate.validToDate.getTime() > Date.now() + RENEW_DAYS * DAY_MS &&
    names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined)
  );
}

const generalName = (name: string): JsonGeneralName => ({ type: isIP(name) ? 'ip' : 'dns', value: name });

const validity = (days: number) => {
  const now = Date.now();
  // An hour back: clients whose clock is a little behind.
  return { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + days * DAY_MS) };
};

/** Positive and random, RFC 5280 §4.1.2.2. */
const serialNumber = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
};

const pemOf = async (key: webcrypto.CryptoKey): Promise<string> =>
  PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');

async function readPair(home: string, name: string): Promise<Pair | undefined> {
  try {
    const [cert, key] = await Promise.all(
      ['pem', 'key'].map((kind) => readFile(join(home, `${name}.${kind}`), { encoding: 'utf8' })),
    );
    return cert && key ? { cert, key } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The certificate last: where it is, its key is. */
async function save(home: string, name: string, pair: Pair): Promise<Pair> {
  for (const [kind, text] of [
    ['key', pair.key],
    ['pem', pair.cert],
  ] as const) {
    const path = join(home, `${name}.${kind}`);
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
  return pair;
}
