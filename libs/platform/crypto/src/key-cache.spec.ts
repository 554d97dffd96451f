import { KeyCache } from './key-cache.js';
import { SealingKey } from './sealing-key.js';

describe('KeyCache', () => {
  it('keeps a key for 60 s from unwrapping, used or not', () => {
    let now = 0;
    const cache = new KeyCache(() => now);
    const key = SealingKey.generate();
    cache.put('ts_1', key);
    now = 59_999;
    expect(cache.get(key.id, 'ts_1')).toBe(key);
    now = 60_000;
    expect(cache.get(key.id, 'ts_1')).toBeUndefined();
    cache.dropExpired();
    expect(cache.size).toBe(0);
  });

  it('keeps a key no longer than the one that unwrapped it', () => {
    let now = 0;
    const cache = new KeyCache(() => now);
    const [long, short] = [SealingKey.generate(), SealingKey.generate()];
    cache.put('ts_1', long);
    cache.put('ts_2', short, 10_000);
    now = 9_999;
    expect(cache.get(short.id, 'ts_2')).toBe(short);
    now = 10_000;
    expect(cache.get(short.id, 'ts_2')).toBeUndefined();
    cache.dropExpired();
    expect(cache.size).toBe(1);
  });

  it('gives a key to its owner only', () => {
    const cache = new KeyCache();
    const key = SealingKey.generate();
    cache.put('ts_1', key);
    expect(cache.get(key.id, 'ts_2')).toBeUndefined();
  });

  it('forgets at once', () => {
    const cache = new KeyCache();
    const key = SealingKey.generate();
    cache.put('ts_1', key);
    cache.forget(key.id);
    expect(cache.get(key.id, 'ts_1')).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it('holds 10,000 keys and lets the oldest go', () => {
    const cache = new KeyCache();
    const keys = Array.from({ length: 10_001 }, () => SealingKey.generate());
    for (const key of keys) cache.put('ts_1', key);
    expect(cache.size).toBe(10_000);
    expect(cache.get(keys[0]!.id, 'ts_1')).toBeUndefined();
    expect(cache.get(keys[10_000]!.id, 'ts_1')).toBe(keys[10_000]);
  });
});
