import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSimulator, type Simulator } from './simulator.js';

const page = readFileSync(join(import.meta.dirname, '../../../docs/simulator.md'), 'utf8');

/** What the page tells to paste, in order, with what it says comes of it. */
const steps = [...page.matchAll(/```bash\n([^]*?)```(?:\n\n```text\n([^]*?)```)?/g)].map(([, script, output]) => ({
  script: script!,
  output: output ?? '',
}));

/** All steps in one shell, for later ones use what earlier ones have found. */
async function pasted(origin: string): Promise<string[]> {
  const script = steps.map((step) => `${step.script}\necho\necho ----`).join('\n');
  const shell = spawn('bash', ['-u', '-c', script], { env: { PATH: process.env['PATH'], SIM: origin } });
  let said = '';
  shell.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  await new Promise((done) => shell.once('close', done));
  return said.split('----\n').map((part) => part.trim());
}

/** `…` stands for anything within a line. */
const like = (text: string): RegExp =>
  new RegExp(
    `^${text
      .trim()
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('…', '.*')}$`,
  );

describe('docs/simulator.md', () => {
  let simulator: Simulator;
  beforeAll(async () => (simulator = await startSimulator({ port: 0 })));
  afterAll(() => simulator.close());

  it('shows what really happens when its scenarios are pasted', async () => {
    const outputs = await pasted(simulator.origin);
    expect(steps.length).toBeGreaterThanOrEqual(6);
    for (const [index, { output }] of steps.entries()) expect(outputs[index]).toMatch(like(output));
  });
});
