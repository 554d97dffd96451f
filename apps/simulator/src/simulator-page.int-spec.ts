import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { like, Shell, stepsOf } from '@strongroom/testing';
import { startSimulator, type Simulator } from './simulator.js';

const page = readFileSync(join(import.meta.dirname, '../../../docs/simulator.md'), 'utf8');

describe('docs/simulator.md', () => {
  let simulator: Simulator;
  let shell: Shell;
  beforeAll(async () => {
    simulator = await startSimulator({ port: 0 });
    shell = new Shell({ environment: { SIM: simulator.origin } });
  });
  afterAll(async () => {
    await shell.end();
    await simulator.close();
  });

  it('shows what really happens when its scenarios are pasted', async () => {
    const steps = stepsOf(page);
    expect(steps.length).toBeGreaterThanOrEqual(6);
    for (const { script, output } of steps) expect(await shell.paste(script)).toMatch(like(output ?? ''));
  });
});
