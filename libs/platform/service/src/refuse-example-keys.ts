import { StartRefusedError } from '@strongroom/config';

/** Keys that somebody may have copied from a page: from ours, or counted up and typed as such pages do. */
const EXAMPLES: readonly Buffer[] = [
  Buffer.from('strongroom-example-key-do-not-us'),
  Buffer.from('0123456789abcdef0123456789abcdef'),
  Buffer.from('00112233445566778899aabbccddeeff'),
  Buffer.from('abcdefghijklmnopqrstuvwxyz012345'),
  Buffer.from('abcdefghijklmnopqrstuvwxyz123456'),
  Buffer.from(Array.from({ length: 32 }, (_, i) => i)),
  Buffer.from(Array.from({ length: 32 }, (_, i) => i + 1)),
];

/**
 * Everybody has these. On the machine of whoever tries something out they may stand.
 *
 * @throws StartRefusedError
 */
export function refuseExampleKeys(masterKeys: string, publicUrl: string): void {
  if (isLoopback(new URL(publicUrl).hostname)) return;
  for (const [index, entry] of masterKeys.split(',').entries()) {
    const key = Buffer.from(entry.slice(entry.indexOf(':') + 1).trim(), 'base64');
    if (EXAMPLES.some((example) => example.equals(key)))
      throw new StartRefusedError(
        'STRONGROOM_MASTER_KEYS',
        `the key of entry ${index + 1} is an example that everybody can read; make one of your own: openssl rand -base64 32`,
      );
  }
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
