import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { eventContracts, topics } from './events.js';
import * as contracts from './events.js';
import {
  count,
  flag,
  id,
  instant,
  ipAddress,
  leafBrand,
  name,
  note,
  oneOf,
  origin,
  scope,
  shortCode,
  thumbprint,
} from './leaf.js';

const FORBIDDEN_NAMES = /token$|secret|password|code_verifier|assertion|authorization|cookie|sealed/i;

/** What is wrong with a schema, as paths. Anything that is not an object, a list, a wrapper or a branded leaf is wrong. */
function violations(schema: z.core.$ZodType, path: string): string[] {
  if (leafBrand(schema as z.ZodType)) return [];
  if (schema instanceof z.ZodObject) {
    const open = schema.def.catchall instanceof z.ZodNever ? [] : [`${path}: open object`];
    const members = Object.entries<z.core.$ZodType>(schema.shape).flatMap(([key, member]) => [
      ...(FORBIDDEN_NAMES.test(key) ? [`${path}.${key}: name`] : []),
      ...violations(member, `${path}.${key}`),
    ]);
    return [...open, ...members];
  }
  if (schema instanceof z.ZodArray) return violations(schema.element, `${path}[]`);
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) return violations(schema.unwrap(), path);
  return [`${path}: leaf without a constructor`];
}

const leaves = {
  ...Object.fromEntries(
    (
      [
        'person',
        'key',
        'connection',
        'account',
        'tokenset',
        'connectSession',
        'exchange',
        'client',
        'api',
        'grant',
        'session',
        'user',
        'context',
      ] as const
    ).map((kind) => [`id(${kind})`, id(kind)]),
  ),
  name: name(),
  scope: scope(),
  instant: instant(),
  count: count(),
  flag: flag(),
  oneOf: oneOf(['a', 'b']),
  shortCode: shortCode(),
  origin: origin(),
  ipAddress: ipAddress(),
  thumbprint: thumbprint(),
  note: note(),
};

const base64url = (bytes: number) => randomBytes(bytes).toString('base64url');
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const alphanumeric = (length: number) =>
  randomBytes(length * 2)
    .toString('base64')
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, length);

/** Made anew each time, so that nobody can tune the leaves to a list. */
const SHAPES: Record<string, () => string> = {
  jwt: () => `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ sub: base64url(6), exp: 1 })}.${base64url(64)}`,
  'jwt without signature': () => `${part({ alg: 'none' })}.${part({ sub: base64url(3) })}.`,
  jwe: () => `${part({ alg: 'dir', enc: 'A256GCM' })}..${base64url(12)}.${base64url(48)}.${base64url(16)}`,
  'google access': () => `ya29.${base64url(60)}`,
  'google refresh': () => `1//0${base64url(40)}`,
  'slack bot': () => `xoxb-${alphanumeric(12)}-${alphanumeric(24)}`,
  'slack person': () => `xoxp-${alphanumeric(40)}`,
  'slack rotating': () => `xoxe.xoxp-1-${base64url(40)}`,
  'slack configuration': () => `xoxa-2-${alphanumeric(30)}`,
  'github person': () => `ghp_${alphanumeric(36)}`,
  'github app': () => `ghu_${alphanumeric(36)}`,
  'github server': () => `ghs_${alphanumeric(36)}`,
  'github refresh': () => `ghr_${alphanumeric(76)}`,
  'github oauth': () => `gho_${alphanumeric(36)}`,
  facebook: () => `EAA${alphanumeric(150)}`,
  canary: () => `cnry_${alphanumeric(20)}`,
  pem: () => `-----BEGIN PRIVATE KEY-----\n${base64url(32)}\n-----END PRIVATE KEY-----`,
  'long base64url': () => base64url(64),
  'very long base64url': () => base64url(300),
  'long hex': () => randomBytes(48).toString('hex'),
  bearer: () => `Bearer ${base64url(96)}`,
  'in words': () => `it was ghp_${alphanumeric(36)} then`,
};
const corpus = Object.entries(SHAPES).flatMap(([shape, make]) =>
  Array.from({ length: 10 }, () => ({ shape, value: make() })),
);

describe('no schema can hold a secret', () => {
  it('finds no leaf without a constructor, no open object and no name of a secret in any event', () => {
    expect(eventContracts.flatMap(({ name: event, schema }) => violations(schema, event))).toEqual([]);
  });

  it.each([
    ['a leaf without a constructor', z.strictObject({ planted: z.string() }), 'e.planted: leaf without a constructor'],
    ['any', z.strictObject({ planted: z.any() }), 'e.planted: leaf without a constructor'],
    ['a record', z.strictObject({ planted: z.record(z.string(), note()) }), 'e.planted: leaf without a constructor'],
    ['an open object', z.strictObject({ a: z.object({ b: flag() }) }), 'e.a: open object'],
    ['a loose object', z.strictObject({ a: z.array(z.looseObject({ b: flag() })) }), 'e.a[]: open object'],
    ['a refresh token', z.strictObject({ refreshToken: note() }), 'e.refreshToken: name'],
    [
      'a client secret',
      z.strictObject({ in: z.strictObject({ client_secret_hint: note() }) }),
      'e.in.client_secret_hint: name',
    ],
  ])('catches %s', (_, schema, found) => {
    expect(violations(schema, 'e')).toEqual([found]);
  });

  it('lets names that only begin like a secret pass', () => {
    for (const fine of ['tokenThumbprint', 'subjectTokenType', 'tokenOrigin', 'tokensetId', 'codeCount'])
      expect(FORBIDDEN_NAMES.test(fine)).toBe(false);
  });

  it('has a corpus of at least 200 token shapes', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(200);
  });

  it('takes every id that we mint, whatever letters chance gave it', () => {
    const minted = [
      [id('client'), 'EAA'.padEnd(32, 'a')],
      [id('grant'), 'cgr_EAA'.padEnd(26, 'a')],
      [id('user'), 'auth0|EAA'.padEnd(30, 'a')],
      [id('session'), 'EAA'.padEnd(43, 'a')],
    ] as const;
    expect(minted.map(([leaf, value]) => leaf.safeParse(value).success)).toEqual([true, true, true, true]);
  });

  it.each(Object.entries(leaves))('refuses every token shape: %s', (_, leaf) => {
    expect(corpus.filter(({ value }) => leaf.safeParse(value).success)).toEqual([]);
  });

  it('catches a leaf that lets tokens through', () => {
    expect(corpus.filter(({ value }) => z.string().max(255).safeParse(value).success).length).toBeGreaterThan(0);
  });

  it.each([
    ['id(connection)', 'con_6hT0aZ31bqX9YyKk2LmN4p'],
    ['id(tokenset)', 'ts_6hT0aZ31bqX9YyKk2LmN4p'],
    ['id(exchange)', 'ex_0198c0de-0000-7000-8000-000000000001'],
    ['id(user)', 'auth0|507f1f77bcf86cd799439020'],
    ['name', 'Größe & Co. (test)'],
    ['note', 'x'.repeat(256)],
    ['note', '🛰'.repeat(256)],
    ['scope', 'https://www.googleapis.com/auth/calendar.events.readonly'],
    ['shortCode', 'urn:ietf:params:oauth:token-type:access_token'],
    ['shortCode', 'federated-connection-access-token'],
    ['origin', 'https://oauth2.googleapis.com'],
    ['note', 'nightly run of the calendar report, started by the operator on duty'],
    ['ipAddress', '2001:db8::1'],
    ['thumbprint', 'x'.repeat(43)],
  ])('lets what is ordinary pass: %s %s', (leaf, value) => {
    expect(leaves[leaf as 'name'].safeParse(value).success).toBe(true);
  });
});

describe('names of events', () => {
  const camel = (short: string) => short.replace(/[._](\w)/g, (_, letter: string) => letter.toUpperCase());

  it('follow from the contract value, mechanically', () => {
    for (const contract of eventContracts) {
      expect(contracts[camel(contract.name) as 'userCreated']).toBe(contract);
      expect(contract.ceType).toBe(`strongroom.${contract.name}.v1`);
      expect(contract.dataSchema).toBe(`urn:strongroom:schema:${contract.name}:v1`);
    }
    expect(contracts.accountConnected.ceType).toBe('strongroom.account.connected.v1');
    expect(contracts.tokensetDeleted.name).toBe('tokenset.deleted');
  });

  it('are each said once, on a topic of ours, and all are listed', () => {
    expect(new Set(eventContracts.map(({ ceType }) => ceType)).size).toBe(eventContracts.length);
    const known = Object.values(topics).map((topic) => topic.name as string);
    for (const contract of eventContracts) expect(known).toContain(contract.topic);
    const exported = Object.values(contracts).filter((value) => value instanceof Object && 'ceType' in value);
    expect(new Set(exported)).toEqual(new Set(eventContracts));
  });
});
