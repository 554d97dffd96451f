import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openFiles } from './open-files.js';
import { refuseInspection } from './refuse-inspection.js';
import { refuseSettings } from './refuse-settings.js';

describe('what a process is not started with', () => {
  it.each([
    [['--inspect'], {}, /^--inspect: shows the memory/],
    [['--enable-source-maps', '--inspect-brk=0.0.0.0:9229'], {}, /^--inspect-brk: /],
    [['--heapsnapshot-signal=SIGUSR2'], {}, /^--heapsnapshot-signal: /],
    [['--heapsnapshot_signal=SIGUSR2'], {}, /^--heapsnapshot-signal: /],
    [[], { NODE_OPTIONS: '--no-warnings --inspect=cnry_host:1' }, /^NODE_OPTIONS: --inspect shows/],
    [[], { NODE_OPTIONS: '"--inspect-wait"', NODE_ENV: 'production' }, /^NODE_OPTIONS: --inspect-wait shows/],
  ])('encryption §10 refuses an inspector: %j %j', (execArgv, env, why) => {
    const start = () => refuseInspection({ execArgv, env });
    expect(start).toThrow(why);
    expect(start).not.toThrow(/cnry_|\n/);
    expect(() => refuseInspection({ execArgv, env: { ...env, NODE_ENV: 'development' } })).not.toThrow();
  });

  it('lets other parameters of Node be', () => {
    expect(() => refuseInspection({ execArgv: ['--enable-source-maps'], env: {} })).not.toThrow();
  });

  it.each(['STRONGROOM_MASTER_KEYS', 'STRONGROOM_MASTER_KEYS_FILE'])('encryption §10 refuses %s by name', (name) => {
    const given = () => refuseSettings(['STRONGROOM_MASTER_KEYS'], 'not for this one', { [name]: 'cnry_value' });
    expect(given).toThrow(new RegExp(`^${name}: not for this one$`));
    expect(() => refuseSettings(['STRONGROOM_MASTER_KEYS'], 'not for this one', { [name]: '' })).not.toThrow();
  });

  describe('files', () => {
    const dir = mkdtempSync(join(tmpdir(), 'open-'));
    afterAll(() => rmSync(dir, { recursive: true }));

    it('encryption §10 names the variables of mounted secrets that everybody can read', () => {
      const schema = z.object({ STRONGROOM_MASTER_KEYS: z.string(), STRONGROOM_SERVICE_KEYS: z.string() });
      const file = join(dir, 'secret');
      writeFileSync(file, 'cnry_secret');
      const env = { STRONGROOM_MASTER_KEYS_FILE: file, STRONGROOM_SERVICE_KEYS_FILE: file };
      chmodSync(file, 0o444);
      expect(openFiles(schema, env)).toEqual(['STRONGROOM_MASTER_KEYS_FILE']);
      chmodSync(file, 0o440);
      expect(openFiles(schema, env)).toEqual([]);
      expect(openFiles(schema, { STRONGROOM_MASTER_KEYS_FILE: join(dir, 'nothing') })).toEqual([]);
    });
  });
});
