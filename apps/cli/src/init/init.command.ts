import { type Command, InvalidArgumentError } from 'commander';
import type { Terminal } from '../terminal.js';
import type { Owner } from './secrets-directory.js';

interface Options {
  dir: string;
  publicUrl: string;
  adminEmail?: string;
  owner?: Owner;
  dropOldServiceKeys?: boolean;
}

export function initCommand(program: Command, { say }: Terminal): void {
  program
    .command('init')
    .description('make the secrets of every service; what is there already stays')
    .requiredOption('--dir <directory>', 'where, a directory per service')
    .requiredOption('--public-url <url>', 'where browsers and clients reach the installation', publicUrl)
    .option('--admin-email <address>', 'of the first administrator', email)
    .option('--owner <uid[:gid]>', 'whose files they are to be, for services that run as another user', owner)
    .option('--drop-old-service-keys', 'last step of replacing a service key: forget public keys without a private one')
    .action(async ({ dir, publicUrl, adminEmail, owner, dropOldServiceKeys }: Options) => {
      const { init } = await import('./init.js');
      const administratorEmail = adminEmail ?? defaultEmail(publicUrl);
      for (const line of await init({ dir, administratorEmail, owner, dropOldServiceKeys })) say(line);
      say(`Next: "strongroom migrate", then the services with STRONGROOM_PUBLIC_URL=${publicUrl}`);
    });
}

function publicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search || url.hash || url.username)
    throw new InvalidArgumentError('It is an http or https address without a path.');
  return url.origin;
}

function email(text: string): string {
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)) throw new InvalidArgumentError('It is no e-mail address.');
  return text;
}

function owner(text: string): Owner {
  const [, uid, gid = uid] = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(text) ?? [];
  if (uid === undefined) throw new InvalidArgumentError('It is a user id, or user id and group id: 10001:10001.');
  return { uid: Number(uid), gid: Number(gid) };
}

/** An address needs a name with a dot. */
function defaultEmail(publicUrl: string): string {
  const { hostname } = new URL(publicUrl);
  return /^[a-z0-9.-]+\.[a-z]+$/.test(hostname) ? `admin@${hostname}` : 'admin@strongroom.example';
}
