import 'reflect-metadata'; // the certificate library needs it before it is loaded
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;

/** PEM. */
export interface ClientCertificate {
  cert: string;
  key: string;
}

/** Makes the authority that an installation believes about its clients; where its certificate lies, the key beside. */
export async function makeClientAuthority(dataDir: string): Promise<string> {
  const { cert, key } = await selfSignedCertificate('CN=Authority of clients', true);
  const directory = join(dataDir, 'clients-authority');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'ca.key'), key, { mode: 0o600 });
  await writeFile(join(directory, 'ca.pem'), cert);
  return join(directory, 'ca.pem');
}

/** A certificate for a client, signed by the authority whose certificate lies there. */
export async function signedCertificate(authorityFile: string, subject: string): Promise<ClientCertificate> {
  const issuer = new X509Certificate(readFileSync(authorityFile, 'utf8'));
  const pkcs8 = PemConverter.decodeFirst(readFileSync(authorityFile.replace(/\.pem$/, '.key'), 'utf8'));
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.create({
    ...validity(),
    subject,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']),
    signingAlgorithm: ALGORITHM,
    extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
  });
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
}

export async function selfSignedCertificate(name: string, isAuthority = false): Promise<ClientCertificate> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(isAuthority, undefined, true)],
  });
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const validity = () => ({ notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) });

const pemOf = async (key: webcrypto.CryptoKey): Promise<string> =>
  PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
