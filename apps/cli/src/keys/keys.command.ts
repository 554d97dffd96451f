import { type Command, InvalidArgumentError } from 'commander';
import { origin } from '../management/origin.js';
import type { Terminal } from '../terminal.js';
import type { Ring } from './keys.js';

interface Options {
  url?: string;
  ring: readonly Ring[];
  wait: boolean;
}

const RINGS: Record<string, readonly Ring[]> = {
  tokensets: ['tokensets'],
  identity: ['identity'],
  all: ['tokensets', 'identity'],
};

export function keysCommand(program: Command, { say, environment }: Terminal): void {
  const keys = program.command('keys').description('the keys that everything is sealed under');
  const add = (name: string, description: string): Command =>
    keys
      .command(name)
      .description(description)
      .option('--url <url>', 'of the installation; else STRONGROOM_PUBLIC_URL', origin)
      .option('--ring <name>', `whose: ${Object.keys(RINGS).join(', ')}`, ring, RINGS['all']);

  add('status', 'their states, and how many records each has sealed').action(async ({ url, ring: wanted }: Options) => {
    const { showKeys } = await import('./keys.js');
    await showKeys({ url, environment }, wanted, say);
  });
  add('rekey', 'move to a new key while requests run')
    .option('--no-wait', 'do not follow it to its end')
    .action(async ({ url, ring: wanted, wait }: Options) => {
      const { rekey } = await import('./keys.js');
      await rekey({ url, environment }, { wanted, isFollowed: wait }, say);
    });
}

function ring(text: string): readonly Ring[] {
  const found = RINGS[text];
  if (!found) throw new InvalidArgumentError(`It is one of ${Object.keys(RINGS).join(', ')}.`);
  return found;
}
