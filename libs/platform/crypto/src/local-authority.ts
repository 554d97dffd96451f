import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { CertificateAndKey } from './certificates.js';

/** PEM. Clients have to trust `ca`; a server shows `cert`. */
export interface LocalAuthority {
  ca: string;
  cert: string;
  key: string;
}

const DAY_MS = 86_400_000;
const RENEW_DAYS = 30;
const ALWAYS = ['localhost', '127.0.0.1', '::1', 'mtls.localhost'];

/**
 * A certificate authority of this machine alone, in `tls/` under the directory, and a server certificate of it for
 * these hosts and for localhost. Both are made at the first call and read afterwards; the server's is renewed 30 days
 * before it ends and when the hosts change, the authority stays.
 */
export async function createLocalAuthority(dir: string, hosts: readonly string[] = []): Promise<LocalAuthority> {
  const home = join(dir, 'tls');
  await mkdir(home, { recursive: true, mode: 0o700 });
  await chmod(home, 0o700);
  const names = [...new Set([...ALWAYS, ...hosts.map((host) => host.replace(/^\[(.*)\]$/, '$1'))])];

  const authority = (await readPair(home, 'ca')) ?? (await save(home, 'ca', await (await makers()).makeAuthority()));
  const known = await readPair(home, 'server');
  if (known && isGood(known, authority, names)) return { ca: authority.cert, ...known };
  const leaf = await save(home, 'server', await (await makers()).makeLeaf(authority, names));
  return { ca: authority.cert, ...leaf };
}

/** Loaded when there is something to make: most starts have all they need, or speak plain HTTP. */
const makers = () => import('./certificates.js');

function isGood(leaf: CertificateAndKey, authority: CertificateAndKey, names: readonly string[]): boolean {
  const certificate = new X509Certificate(leaf.cert);
  return (
    certificate.checkPrivateKey(createPrivateKey(leaf.key)) &&
    certificate.verify(new X509Certificate(authority.cert).publicKey) &&
    certificate.validToDate.getTime() > Date.now() + RENEW_DAYS * DAY_MS &&
    names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined)
  );
}

async function readPair(home: string, name: string): Promise<CertificateAndKey | undefined> {
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
async function save(home: string, name: string, pair: CertificateAndKey): Promise<CertificateAndKey> {
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
