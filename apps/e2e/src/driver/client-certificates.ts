import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type MadeCertificate, selfSigned, TestAuthority } from '@strongroom/testing/certificates';

/** Makes the authority that an installation believes about its clients; where its certificate lies, the key beside. */
export async function makeClientAuthority(dataDir: string): Promise<string> {
  const { cert, key } = await selfSigned('CN=Authority of clients', true);
  const directory = join(dataDir, 'clients-authority');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'ca.key'), key, { mode: 0o600 });
  await writeFile(join(directory, 'ca.pem'), cert);
  return join(directory, 'ca.pem');
}

/** A certificate for a client, signed by the authority whose certificate lies there. */
export async function signedCertificate(authorityFile: string, subject: string): Promise<MadeCertificate> {
  const [cert, key] = await Promise.all(
    [authorityFile, authorityFile.replace(/\.pem$/, '.key')].map((file) => readFile(file, 'utf8')),
  );
  return (await TestAuthority.of({ cert: cert!, key: key! })).issue(subject);
}
