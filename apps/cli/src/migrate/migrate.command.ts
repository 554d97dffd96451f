import { type Command, InvalidArgumentError } from 'commander';
import type { Terminal } from '../terminal.js';

export function migrateCommand(program: Command, { say, environment }: Terminal): void {
  program
    .command('migrate')
    .description('make or bring up to date: databases, roles, schemas, tables and topics')
    .option('--wait <seconds>', 'how long to wait for servers that are not up yet', seconds, 0)
    .action(async ({ wait }: { wait: number }) => {
      const { loadConfig } = await import('@strongroom/config');
      const { migrateSettings } = await import('../settings.js');
      const { migrate } = await import('./migrate.js');
      await migrate(loadConfig(migrateSettings, environment), wait, say);
    });
}

function seconds(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('It is a number of seconds.');
  return Number(text);
}
