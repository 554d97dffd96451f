import type { Command } from 'commander';
import type { Terminal } from '../terminal.js';

interface Options {
  dataDir?: string;
  shredded?: string;
  out: string;
}

export function restoreCommand(program: Command, { say, environment }: Terminal): void {
  const restore = program.command('restore').description('databases that come from a backup');
  const add = (name: string, description: string, dataDirOf: string): Command =>
    restore
      .command(name)
      .description(description)
      .option('--data-dir <path>', `of a standalone server${dataDirOf}; without it: the databases that migrate knows`);

  add('finish', 'make a restored database fit to be served: before any process starts', ' that is stopped')
    .option('--shredded <file>', 'what "export-shredded" wrote later than the backup')
    .action(async ({ dataDir, shredded }: Options) => {
      const { finish } = await import('./restore.js');
      await finish({ dataDir, environment }, shredded, say);
    });
  add('export-shredded', 'write which keys have been erased; keep it apart from the backups', '')
    .requiredOption('--out <file>', 'is written anew')
    .action(async ({ dataDir, out }: Options) => {
      const { exportTo } = await import('./restore.js');
      await exportTo({ dataDir, environment }, out, say);
    });
}
