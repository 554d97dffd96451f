import { z } from 'zod';
import { eventContracts, exchangeSucceeded } from './events.js';
import { leafBrand } from './leaf.js';
import { quickCheck } from './quick-check.js';
import { tolerant } from './tolerant.js';

const uuid = '3d0f2f6c-6f0e-4a3f-9d3a-0c8a4d1f2b11';
const exchange = {
  exchangeId: `ex_${uuid}`,
  clientId: 'tpc_b7UMC9',
  personId: uuid,
  userId: 'auth0|64f0',
  connectionId: 'con_b7UMC9',
  accountId: 'cac_b7UMC9',
  tokensetId: 'ts_b7UMC9',
  subjectTokenType: 'refresh_token',
  issuedTokenType: 'federated-connection-access-token',
  scopes: ['openid', 'https://www.googleapis.com/auth/calendar'],
  expiresAt: '2024-02-29T23:59:59.999Z',
  tokenThumbprint: 'Ab3_'.repeat(10) + 'abc',
  refreshed: false,
  privilegedWorker: false,
  auditContext: null,
  ip: '127.0.0.1',
  actor: { kind: 'client', id: 'tpc_b7UMC9' },
};

/** What members may be, or not quite. */
const ODD: unknown[] = [
  undefined,
  null,
  true,
  0,
  1.5,
  -1,
  '',
  'x',
  'x'.repeat(64),
  'x'.repeat(65),
  'x'.repeat(256),
  'cnry_secret',
  ` ${'g'}hp_0123456789`,
  'eyJhbGciOiJub25l.e30.',
  [],
  {},
  ['openid', ''],
  ['openid', 'cnry_secret'],
  Object.assign(['openid'], { length: 2 }),
  Array.from({ length: 201 }, () => 'a'),
  { kind: 'system' },
  { kind: 'system', more: 1 },
  { kind: 'nobody' },
  [exchange],
  '2023-02-29T00:00:00.000Z',
  '2024-12-31T24:00:00.000Z',
  '2024-00-10T00:00:00.000Z',
  '2024-01-00T00:00:00.000Z',
  '2024-12-31T23:59:59.999+00:00',
  '2024-12-31T23:59:59Z',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3',
  '::1',
  'fe80::1%eth0',
  'A'.repeat(43),
  uuid.toUpperCase(),
  'https://a.example',
  'refresh_token',
];

describe('quickCheck', () => {
  const isUsual = quickCheck(exchangeSucceeded.schema);

  it('sees what an exchange usually says without asking the schema', () => {
    expect(isUsual(exchange)).toBe(true);
    expect(isUsual({ ...exchange, expiresAt: null, userId: null, actor: { kind: 'system' } })).toBe(true);
  });

  it('is sure of nothing that the schema or its readers refuse, or would read as something else', () => {
    const reading = tolerant(exchangeSucceeded.schema);
    const names = [...Object.keys(exchange), 'unknown', '__proto__'];
    for (const name of names)
      for (const odd of ODD) {
        const said = Object.defineProperty({ ...exchange }, name, { value: odd, enumerable: true, configurable: true });
        if (!isUsual(said)) continue;
        expect(exchangeSucceeded.schema.parse(said)).toEqual(said);
        expect(reading.parse(said)).toEqual(said);
      }
    for (const odd of ODD) expect(isUsual(odd)).toBe(false);
    expect(isUsual({})).toBe(false);
    expect(isUsual({ ...exchange, more: 1 })).toBe(false);
  });

  it('is sure of no value that a leaf of any event refuses', () => {
    const leaves = new Map<string, z.ZodType>();
    const collect = (schema: z.core.$ZodType): void => {
      if (schema instanceof z.ZodObject) Object.values<z.core.$ZodType>(schema.shape).forEach(collect);
      else if (schema instanceof z.ZodArray) collect(schema.element);
      else if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) collect(schema.unwrap());
      else leaves.set(`${leafBrand(schema as z.ZodType)} ${leaves.size}`, schema as z.ZodType);
    };
    for (const { schema } of eventContracts) collect(schema);
    expect(leaves.size).toBeGreaterThan(50);
    const values = [...ODD, ...Object.values(exchange)];
    for (const [brand, leaf] of leaves) {
      const isSure = quickCheck(leaf);
      const wrong = values.filter((value) => isSure(value) && !leaf.safeParse(value).success);
      expect([brand, wrong]).toEqual([brand, []]);
    }
  });

  it('leaves to zod what it does not know', () => {
    for (const schema of [z.string(), z.array(z.boolean()).min(1), z.record(z.string(), z.string())])
      expect(quickCheck(schema)(schema instanceof z.ZodString ? 'a' : [true])).toBe(false);
  });
});
