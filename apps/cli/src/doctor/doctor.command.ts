import { type Command, Option } from 'commander';
import { type ServiceName, serviceNames } from '@strongroom/contracts';
import type { Terminal } from '../terminal.js';

export function doctorCommand(program: Command, { say, environment }: Terminal): void {
  program
    .command('doctor')
    .description('check configuration, databases, keys, Kafka, Redis and clocks; say what to do')
    .addOption(new Option('--service <name>', 'as this service sees it, by its environment').choices(serviceNames))
    .action(async ({ service }: { service?: ServiceName }) => {
      const { examine } = await import('./doctor.js');
      const { lineOf } = await import('./finding.js');
      let faults = 0;
      for await (const finding of examine({ service, environment })) {
        say(lineOf(finding));
        if (finding.state === 'FAULT') faults++;
      }
      if (faults > 0) throw new Error(`${faults} ${faults === 1 ? 'fault' : 'faults'} found.`);
    });
}
