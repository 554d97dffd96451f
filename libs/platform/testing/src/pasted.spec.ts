import { Shell } from './pasted.js';

describe('Shell', () => {
  let shell: Shell;
  beforeEach(() => {
    shell = new Shell({ environment: {} });
  });
  afterEach(() => shell.end());

  it('keeps what was said after what it waited for, however late it reads', async () => {
    const pasted = shell.paste('{ sleep 0.1; echo later; } &');
    // Nothing of this process runs meanwhile, as on a busy machine: both are there when it first looks.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    await pasted;
    expect(await shell.until(/later/)).toContain('later');
  });

  it('gives errors with the step that they are of', async () => {
    expect(await shell.paste('echo one; echo two >&2; echo three')).toBe('one\ntwo\nthree');
    expect(await shell.paste('echo four')).toBe('four');
  });
});
