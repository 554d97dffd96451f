import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { InvalidConfigError, loadConfig } from './load-config.js';

describe('loadConfig', () => {
  const dir = mkdtempSync(join(tmpdir(), 'config-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  it('names every bad variable and keeps its value to itself', () => {
    const schema = z.object({ STRONGROOM_PORT: z.coerce.number(), STRONGROOM_URL: z.url() });
    const read = () => loadConfig(schema, { STRONGROOM_PORT: 'hunter2', STRONGROOM_URL: 'hunter2' });
    expect(read).toThrow(InvalidConfigError);
    expect(read).toThrow(/STRONGROOM_PORT[^]*STRONGROOM_URL/);
    expect(read).not.toThrow(/hunter2/);
  });

  it('reads a value from the file that X_FILE names, without its last newline', () => {
    writeFileSync(join(dir, 'word'), 'cnry_word\n');
    const schema = z.object({ STRONGROOM_WORD: z.string() });
    expect(loadConfig(schema, { STRONGROOM_WORD_FILE: join(dir, 'word') })).toEqual({ STRONGROOM_WORD: 'cnry_word' });
    expect(() => loadConfig(schema, { STRONGROOM_WORD_FILE: join(dir, 'nothing') })).toThrow(/STRONGROOM_WORD_FILE/);
  });

  it('takes an empty value for none', () => {
    expect(loadConfig(z.object({ STRONGROOM_PORT: z.coerce.number().default(3000) }), { STRONGROOM_PORT: '' })).toEqual(
      {
        STRONGROOM_PORT: 3000,
      },
    );
  });
});
