import { z } from 'zod';
import { EventContract, EventTooLargeError, MalformedEventError, MAX_EVENT_BYTES } from './event.js';
import { connectionUpdated, tokensetDeleted } from './events.js';
import { name, note, oneOf } from './leaf.js';

const connection = {
  connectionId: 'con_1',
  name: 'google',
  strategy: 'oauth2',
  vaultActive: true,
  loginActive: false,
  enabledClientCount: 0,
  tokenOrigin: null,
  changed: [],
  actor: { kind: 'system' as const },
};
const wire = (value: unknown, headers: Record<string, string> = {}) => ({
  headers: {
    ce_id: '0198c0de-0000-7000-8000-000000000001',
    ce_type: 'strongroom.connection.updated.v1',
    ce_subject: 'con_1',
    ce_sequence: '00000000000000000012',
    ce_time: '2030-01-01T00:00:00.000Z',
    ...headers,
  },
  value: typeof value === 'string' ? value : JSON.stringify(value),
});

describe('EventContract', () => {
  it('writes what it reads', () => {
    expect(connectionUpdated.read(wire(connectionUpdated.write(connection)))).toEqual({
      id: '0198c0de-0000-7000-8000-000000000001',
      name: 'connection.updated',
      subject: 'con_1',
      sequence: 12,
      time: new Date('2030-01-01T00:00:00.000Z'),
      data: connection,
    });
  });

  it('writes no member that the contract does not name, at any depth', () => {
    expect(() => connectionUpdated.write({ ...connection, extra: 1 } as never)).toThrow('extra');
    expect(() => connectionUpdated.write({ ...connection, actor: { kind: 'system', extra: 1 } as never })).toThrow(
      'extra',
    );
  });

  it('E12 reads past members and enumeration values of a later release', () => {
    const later = { ...connection, added: true, actor: { kind: 'robot', model: 'x' } };
    expect(connectionUpdated.read(wire(later)).data).toEqual({ ...connection, actor: { kind: 'robot' } });
  });

  it.each([
    ['another type', wire(connection, { ce_type: 'strongroom.connection.created.v1' })],
    ['no id', wire(connection, { ce_id: '' })],
    ['a sequence of other form', wire(connection, { ce_sequence: '12' })],
    ['half a value', wire('{"connectionId":')],
    ['no value', wire('')],
    ['a missing member', wire({ ...connection, name: undefined })],
    ['no record at all', null],
  ])('E13 calls %s malformed', (_, bad) => {
    expect(() => connectionUpdated.read(bad)).toThrow(MalformedEventError);
  });

  it('E19 takes a value of 64 KiB and refuses one of a byte more', () => {
    const parts = z.array(note()).max(1000);
    const contract = new EventContract<{ parts: string[] }>('t', [], 'a.b', z.strictObject({ parts }));
    const ofBytes = (bytes: number) => {
      const all = Array.from({ length: 253 }, () => 'ab '.repeat(85)); // 255 characters each, 258 as JSON
      const missing = bytes - Buffer.byteLength(JSON.stringify({ parts: [...all, ''] }));
      return { parts: [...all, ' '.repeat(missing)] };
    };
    expect(() => ofBytes(MAX_EVENT_BYTES + 1)).not.toThrow();
    expect(Buffer.byteLength(contract.write(ofBytes(MAX_EVENT_BYTES)))).toBe(65536);
    expect(() => contract.write(ofBytes(MAX_EVENT_BYTES + 1))).toThrow(EventTooLargeError);
  });

  it('counts bytes, not characters', () => {
    const contract = new EventContract<{ parts: string[] }>(
      't',
      [],
      'a.b',
      z.strictObject({ parts: z.array(name()).max(1000) }),
    );
    expect(() => contract.write({ parts: Array.from({ length: 130 }, () => 'ö '.repeat(127)) })).not.toThrow();
    expect(() => contract.write({ parts: Array.from({ length: 200 }, () => 'ö '.repeat(127)) })).toThrow(
      EventTooLargeError,
    );
  });

  it('reads an enumeration as it was written', () => {
    const contract = new EventContract('t', [], 'a.b', z.strictObject({ kind: oneOf(['x']).nullable() }));
    expect(() => contract.write({ kind: 'y' })).toThrow();
    expect(contract.read(wire({ kind: null }, { ce_type: 'strongroom.a.b.v1' })).data).toEqual({ kind: null });
    expect(() => contract.read(wire({ kind: 7 }, { ce_type: 'strongroom.a.b.v1' }))).toThrow(MalformedEventError);
  });

  it('carries of a deleted thing its ids only', () => {
    expect(Object.keys(tokensetDeleted.schema.shape).sort()).toEqual(
      ['accountId', 'actor', 'connectionId', 'keyId', 'personId', 'reason', 'status', 'tokensetId', 'userId'].sort(),
    );
  });
});
