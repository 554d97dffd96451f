import { randomBytes } from 'node:crypto';
import { hex, vectors } from '../test/vectors.js';
import { ConfiguredMasterKeys } from './configured-master-keys.js';
import { MasterKeysRefusedError, WrappedKeyCorrupt } from './crypto.errors.js';
import type { WrappedKeyContext } from './master-keys.js';

const { masterKey, installationId, keyId } = vectors;
const context: WrappedKeyContext = {
  purpose: 'installation-key',
  installationId,
  context: masterKey.context,
  keyId,
  version: masterKey.version,
};
const entry = (id: string, bytes: Buffer = randomBytes(32)): string => `${id}:${bytes.toString('base64')}`;

describe('ConfiguredMasterKeys', () => {
  it('unwraps the vector', async () => {
    const keys = ConfiguredMasterKeys.parse(entry(masterKey.id, hex(masterKey.key)));
    const opened = await keys.unwrap(hex(masterKey.wrapped), context);
    expect(opened.toString('hex')).toBe(masterKey.installationKey);
  });

  it('seals with the first key and opens with all', async () => {
    const [old, fresh] = [entry('old'), entry('new')];
    const key = randomBytes(32);
    const wrapped = await ConfiguredMasterKeys.parse(old).wrap(key, context);
    const both = ConfiguredMasterKeys.parse(`${fresh},\n${old}\n`);
    expect((await both.unwrap(wrapped, context)).equals(key)).toBe(true);
    const rewrapped = await both.rewrap(wrapped, context);
    const onlyNew = ConfiguredMasterKeys.parse(fresh);
    expect((await onlyNew.unwrap(rewrapped, context)).equals(key)).toBe(true);
    await expect(onlyNew.unwrap(wrapped, context)).rejects.toThrow(WrappedKeyCorrupt);
  });

  it('refuses another context, key, version and installation, and a blob that is none', async () => {
    const keys = ConfiguredMasterKeys.parse(entry('a'));
    const wrapped = await keys.wrap(randomBytes(32), context);
    const changes: Partial<WrappedKeyContext>[] = [
      { context: 'identity' },
      { keyId: installationId },
      { version: 4 },
      { installationId: keyId },
    ];
    for (const change of changes)
      await expect(keys.unwrap(wrapped, { ...context, ...change })).rejects.toThrow(WrappedKeyCorrupt);
    for (const blob of [Buffer.alloc(0), wrapped.subarray(0, 90), randomBytes(112)])
      await expect(keys.unwrap(blob, context)).rejects.toThrow(WrappedKeyCorrupt);
  });

  it('refuses a key under the same id that is another key', async () => {
    const wrapped = await ConfiguredMasterKeys.parse(entry('a')).wrap(randomBytes(32), context);
    await expect(ConfiguredMasterKeys.parse(entry('a')).unwrap(wrapped, context)).rejects.toThrow(WrappedKeyCorrupt);
  });

  it('reads what it generates', () => {
    expect(() => ConfiguredMasterKeys.parse(ConfiguredMasterKeys.generate('first'))).not.toThrow();
  });

  const same = randomBytes(32);
  it.each([
    ['nothing', ''],
    ['blanks', ' \n '],
    ['an empty entry', `${entry('a')},`],
    ['no id', randomBytes(32).toString('base64')],
    ['a short key', entry('a', randomBytes(31))],
    ['a long key', entry('a', randomBytes(33))],
    ['what is not base64', `a:${'*'.repeat(44)}`],
    ['one repeated byte', entry('a', Buffer.alloc(32, 7))],
    ['one key under two ids', `${entry('a', same)},${entry('b', same)}`],
    ['two keys under one id', `${entry('a')},${entry('a')}`],
  ])('refuses %s, naming the setting and no value', (_what, text) => {
    let message = '';
    try {
      ConfiguredMasterKeys.parse(text);
    } catch (error) {
      expect(error).toBeInstanceOf(MasterKeysRefusedError);
      message = (error as Error).message;
    }
    expect(message).toMatch(/^STRONGROOM_MASTER_KEYS: .+/);
    for (const value of text.split(/[,:\s]+/).filter((part) => part.length > 8)) expect(message).not.toContain(value);
  });
});
