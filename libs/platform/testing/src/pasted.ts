import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** A block of a page that a reader pastes into bash, and what the page says comes of it: `…` is anything within a line. */
export interface Step {
  script: string;
  output: string | null;
}

/** Every `bash` block of a page, in order, each with the `text` block that follows it at once. */
export const stepsOf = (page: string): Step[] =>
  [...page.matchAll(/```bash\n([^]*?)```(?:\n\n```text\n([^]*?)```)?/g)].map(([, script, output]) => ({
    script: script!,
    output: output ?? null,
  }));

export const like = (output: string): RegExp =>
  new RegExp(
    `^${output
      .trim()
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('…', '.*')}$`,
  );

const DONE = '---- pasted ';

/** One bash that everything is pasted into, as a reader does: later steps use what earlier ones have found. */
export class Shell {
  private readonly bash: ChildProcessWithoutNullStreams;
  private said = '';
  private read = 0;
  private count = 0;

  constructor({ cwd, environment }: { cwd?: string; environment: Record<string, string> }) {
    this.bash = spawn('bash', ['-u'], {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      ...(cwd === undefined ? {} : { cwd }),
      detached: true,
    });
    for (const stream of [this.bash.stdout, this.bash.stderr])
      stream.on('data', (chunk: Buffer) => (this.said += chunk.toString('utf8')));
    // One pipe for both, in which all stands in the order in which it was said.
    this.bash.stdin.write('exec 2>&1\n');
  }

  /** What it printed, errors too. @throws Error if the last command of the script failed */
  async paste(script: string): Promise<string> {
    const mark = `${DONE}${(this.count += 1)}`;
    this.bash.stdin.write(`${script}\necho "${mark} $?"\n`);
    const output = await this.until(new RegExp(`${mark} (\\d+)\\n`));
    const code = new RegExp(`${mark} (\\d+)\\n`).exec(output)![1];
    const printed = output.slice(0, output.indexOf(mark)).trim();
    if (code !== '0') throw new Error(`It ended with ${code}: ${script}\n${printed}`);
    return printed;
  }

  /** What it has printed since the last time, up to what is waited for; the rest is kept. @throws Error if the shell ends first */
  async until(wanted: RegExp): Promise<string> {
    for (;;) {
      const output = this.said.slice(this.read);
      const found = wanted.exec(output);
      if (found) {
        const until = found.index + found[0].length;
        this.read += until;
        return output.slice(0, until);
      }
      if (this.hasEnded) throw new Error(`The shell has ended: ${output}`);
      await new Promise((later) => setTimeout(later, 20));
    }
  }

  /** With everything that was started in it. */
  async end(): Promise<void> {
    if (this.hasEnded || this.bash.pid === undefined) return;
    const closed = new Promise((done) => this.bash.once('close', done));
    process.kill(-this.bash.pid, 'SIGTERM');
    await closed;
  }

  /** By itself or by a signal. */
  private get hasEnded(): boolean {
    return this.bash.exitCode !== null || this.bash.signalCode !== null;
  }
}
