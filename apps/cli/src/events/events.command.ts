import { type Command, InvalidArgumentError } from 'commander';
import { type ServiceName, serviceNames } from '@strongroom/contracts';
import { origin } from '../management/origin.js';
import type { Terminal } from '../terminal.js';

interface Options {
  url?: string;
  context?: ServiceName;
  consumer?: ServiceName;
  key?: string;
}

export function eventsCommand(program: Command, { say, environment }: Terminal): void {
  const events = program.command('events').description('events that a service could not handle and has put aside');
  const add = (name: string, description: string): Command =>
    events
      .command(name)
      .description(description)
      .option('--url <url>', 'of the installation; else STRONGROOM_PUBLIC_URL', origin)
      .option('--context <name>', `whose: ${serviceNames.join(', ')}`, context)
      .option('--consumer <group>', 'the same, by the name of its consumer group: strongroom.<context>', context);
  const whereOf = (command: Command) => {
    const { url, context: named, consumer } = command.opts<Options>();
    const whose = named ?? consumer;
    if (!whose) return command.error("error: required option '--context <name>' or '--consumer <group>' not specified");
    return { context: whose, url, environment };
  };

  add('parked', 'list them')
    .option('--key <key>', 'only of this key')
    .action(async ({ key }: Options, command: Command) => {
      const { listParked } = await import('./events.js');
      await listParked(whereOf(command), key, say);
    });
  add('replay', 'hand them over again, in sequence; each key stops at its first failure')
    .option('--key <key>', 'only of this key')
    .action(async ({ key }: Options, command: Command) => {
      const { replayParked } = await import('./events.js');
      await replayParked(whereOf(command), key, say);
    });
  add('drop', 'give one up for good')
    .requiredOption('--event <id>', 'of the event, as "parked" shows it')
    .requiredOption('--reason <text>', 'why; it is logged', reason)
    .action(async ({ event, reason: why }: { event: string; reason: string }, command: Command) => {
      const { dropParked } = await import('./events.js');
      await dropParked(whereOf(command), event, why, say);
    });
}

function context(text: string): ServiceName {
  const name = text.slice(text.lastIndexOf('.') + 1) as ServiceName;
  if (!serviceNames.includes(name)) throw new InvalidArgumentError(`It is one of ${serviceNames.join(', ')}.`);
  return name;
}

function reason(text: string): string {
  if (text.trim() === '' || text.length > 500) throw new InvalidArgumentError('It is 1 to 500 characters.');
  return text;
}
