import { createHmac } from 'node:crypto';
import { custom, ISSUER, openid } from '../test/connection.js';
import { checkCallbackSignature, readCallback } from './callback.js';

const promised = { authorization_response_iss_parameter_supported: true };

describe('a callback', () => {
  it.each([
    ['right', openid({}, promised), { iss: ISSUER }, 'code'],
    ['missing though promised', openid({}, promised), {}, 'iss_missing'],
    ['missing and not promised', openid(), {}, 'code'],
    ['wrong though not promised', openid(), { iss: 'https://evil.example' }, 'iss_mismatch'],
    ['wrong by a slash', openid({}, promised), { iss: `${ISSUER}/` }, 'iss_mismatch'],
    ['sent by a provider whose issuer nobody knows', custom(), { iss: ISSUER }, 'code'],
    [
      'required by settings and missing',
      custom({ provider_settings: { authorization: { iss: 'require' } } }),
      {},
      'iss_missing',
    ],
    [
      'ignored by settings',
      openid({ provider_settings: { authorization: { iss: 'ignore' } } }, promised),
      { iss: 'x' },
      'code',
    ],
  ])('with iss %s is read as such', (_, resolved, iss, expected) => {
    const read = readCallback(resolved, { code: 'cnry_code', state: 'st', ...iss });
    expect(read.outcome === 'refused' ? read.reason : read.outcome).toBe(expected);
  });

  it('is refused for a wrong issuer even if it carries an error', () => {
    expect(readCallback(openid(), { error: 'access_denied', iss: 'https://evil.example' }).outcome).toBe('refused');
  });

  it.each([
    ['twice the code', { code: ['a', 'b'] }, 'duplicate_parameter'],
    ['no code', {}, 'code_malformed'],
    ['an empty code', { code: '' }, 'code_malformed'],
    ['a code beyond 4096 characters', { code: 'x'.repeat(4097) }, 'code_malformed'],
  ])('is refused with %s', (_, query, reason) => {
    expect(readCallback(custom(), query)).toEqual({ outcome: 'refused', reason });
  });

  it.each([
    ['access_denied', 'user_denied', 'access_denied'],
    ['consent_required', 'step_up', 'consent_required'],
    ['temporarily_unavailable', 'retry', 'temporarily_unavailable'],
    ['something <b>odd</b>', 'unknown', null],
  ])('with error %s is of class %s', (error, kind, code) => {
    expect(readCallback(custom(), { error })).toEqual({ outcome: 'error', class: kind, code });
  });

  it('keeps the values that the entry names', () => {
    const resolved = custom({ provider_settings: { authorization: { callback: { capture: ['shop'] } } } });
    expect(readCallback(resolved, { code: 'c', shop: 's', other: 'o' })).toMatchObject({ captured: { shop: 's' } });
  });

  it('M9 keeps the value of a param that comes with it, and of no other param', () => {
    const params = {
      region: { pattern: '^[a-z]+$', source: 'callback' },
      tenant: { pattern: '^[a-z]+$', source: 'user' },
    };
    const resolved = custom({ provider_settings: { params } });
    expect(readCallback(resolved, { code: 'c', region: 'eu', tenant: 't' })).toMatchObject({
      captured: { region: 'eu' },
    });
    expect(readCallback(resolved, { code: 'c' })).toMatchObject({ captured: {} });
  });
});

describe('a callback that the provider signs', () => {
  const signature = { param: 'hmac', alg: 'hmac-sha256-hex', key: 'client_secret', over: 'sorted-query-without-param' };
  const resolved = custom({ provider_settings: { authorization: { callback: { signature, capture: ['shop'] } } } });
  const query = { shop: 'acme', code: 'cnry_c', timestamp: '1', host: 'a=b c' };
  const hmac = createHmac('sha256', 'cnry_secret')
    .update('code=cnry_c&host=a%3Db+c&shop=acme&timestamp=1')
    .digest('hex');

  it('is believed with the signature over all other members, in any order', () => {
    expect(checkCallbackSignature(resolved, { hmac, ...query }, 'cnry_secret')).toBe(true);
    expect(checkCallbackSignature(resolved, { ...query, hmac: hmac.toUpperCase() }, 'cnry_secret')).toBe(true);
  });

  it.each([
    ['another member', { ...query, hmac, extra: '1' }, 'cnry_secret'],
    ['another value', { ...query, hmac, shop: 'evil' }, 'cnry_secret'],
    ['no signature', query, 'cnry_secret'],
    ['half a signature', { ...query, hmac: hmac.slice(0, 32) }, 'cnry_secret'],
    ['another secret', { ...query, hmac }, 'cnry_other'],
    ['no secret', { ...query, hmac }, null],
  ])('is not believed with %s', (_, given, secret) => {
    expect(checkCallbackSignature(resolved, given as Record<string, string>, secret)).toBe(false);
  });

  it('is not asked for where the entry names none', () => {
    expect(checkCallbackSignature(custom(), query, null)).toBe(true);
  });
});
