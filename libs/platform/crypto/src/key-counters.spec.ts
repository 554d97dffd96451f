import { aad } from './aad.js';
import { KeyUsage } from './key-counters.js';
import { open, seal } from './record.js';
import { SealingKey } from './sealing-key.js';

describe('the counts of a ring', () => {
  const usageWith = (alarmAt?: number) => {
    const alarms: object[] = [];
    const quiet = () => undefined;
    const error = (fields: object) => void alarms.push(fields);
    return { alarms, usage: new KeyUsage({ info: quiet, warn: quiet, error }, alarmAt) };
  };
  const keyWith = (usage: KeyUsage) =>
    SealingKey.from('0190a2b4-0000-4000-8000-000000000001', Buffer.alloc(32, 9), usage);

  it('tell seals and opens apart by what was sealed', () => {
    const { usage } = usageWith();
    const key = keyWith(usage);
    const token = seal(key, Buffer.from('cnry_a'), aad(['tokenset', 'x']));
    seal(key, Buffer.from('cnry_b'), aad(['tokenset-key', 'x']));
    open(key, token, aad(['tokenset', 'x']));
    expect([...usage.seals]).toEqual([
      ['tokenset', 1],
      ['tokenset-key', 1],
    ]);
    expect([...usage.opens]).toEqual([['tokenset', 1]]);
    expect(usage.sealsUnder(key.id)).toBe(2);
  });

  it('tell what did not open, and count it as no opening', () => {
    const { usage } = usageWith();
    const key = keyWith(usage);
    const record = seal(key, Buffer.from('cnry_a'), aad(['tokenset', 'x']));
    expect(() => open(key, record, aad(['tokenset', 'y']))).toThrow();
    expect(() => open(key, record.subarray(0, 70), aad(['tokenset', 'x']))).toThrow();
    expect([...usage.failures]).toEqual([['unreadable', 2]]);
    expect(usage.opens.size).toBe(0);
  });

  it('raise an alarm at 2^28 seals under one key, once, with its id and nothing else', () => {
    const { usage, alarms } = usageWith();
    usage.watch('key-1', 2 ** 28 - 1);
    expect(alarms).toEqual([]);
    usage.watch('key-1', 2 ** 28);
    usage.watch('key-1', 2 ** 28 + 1);
    expect(alarms).toEqual([{ keyId: 'key-1', seals: 2 ** 28 }]);
  });

  it('raise it for seals that are made one by one', () => {
    const { usage, alarms } = usageWith(3);
    const key = keyWith(usage);
    for (let n = 0; n < 5; n++) seal(key, Buffer.from('cnry_a'), aad(['tokenset', 'x']));
    expect(alarms).toEqual([{ keyId: key.id, seals: 3 }]);
  });

  it('forget of 10,000 keys the one that has not sealed for longest', () => {
    const { usage } = usageWith();
    const bound = aad(['tokenset', 'x']);
    for (let n = 0; n < 10_000; n++) usage.sealed(`key-${n}`, bound);
    usage.sealed('key-0', bound);
    usage.sealed('one more', bound);
    expect(usage.sealsUnder('key-0')).toBe(2);
    expect(usage.sealsUnder('key-1')).toBe(0);
    expect(usage.sealsUnder('key-2')).toBe(1);
  });
});
