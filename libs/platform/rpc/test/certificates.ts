import 'reflect-metadata'; // the certificate library needs it before it is loaded
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { RpcTls } from '../src/rpc-server.js';

cryptoProvider.set(webcrypto);
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const makeKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

/** An authority of its own, and one certificate by it that is good for both ends at 127.0.0.1. */
export async function makeTls(): Promise<RpcTls> {
  const [issuer, own] = [await makeKeys(), await makeKeys()];
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Test authority',
    keys: issuer,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  const leaf = await X509CertificateGenerator.create({
    subject: 'CN=Test service',
    issuer: authority.subject,
    publicKey: own.publicKey,
    signingKey: issuer.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY');
  return { ca: authority.toString('pem'), cert: leaf.toString('pem'), key };
}
