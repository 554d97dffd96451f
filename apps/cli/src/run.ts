import { Command, CommanderError } from 'commander';
import { doctorCommand } from './doctor/doctor.command.js';
import { eventsCommand } from './events/events.command.js';
import { initCommand } from './init/init.command.js';
import { keysCommand } from './keys/keys.command.js';
import { migrateCommand } from './migrate/migrate.command.js';
import { reasonOf } from './reason.js';
import { restoreCommand } from './restore/restore.command.js';
import type { Terminal } from './terminal.js';

const CONSOLE: Terminal = { say: (line) => console.log(line), complain: (line) => console.error(line) };

/** @returns the exit code: 0 done, 1 failed with a reason that says what to do, 2 called wrongly. */
export async function run(parameters: readonly string[], terminal: Terminal = CONSOLE): Promise<0 | 1 | 2> {
  const program = new Command('strongroom')
    .description("The operator's commands of Strongroom. docs/operations.md says in which order.")
    .configureOutput({
      writeOut: (text) => terminal.say(text.trimEnd()),
      writeErr: (text) => terminal.complain(text.trimEnd()),
    })
    .exitOverride();
  for (const add of [initCommand, migrateCommand, doctorCommand, eventsCommand, keysCommand, restoreCommand])
    add(program, terminal);
  try {
    await program.parseAsync(parameters, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.complain(`strongroom: ${reasonOf(error)}`);
    return 1;
  }
}
