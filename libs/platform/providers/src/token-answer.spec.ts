import { answer, custom, inSeconds, NOW } from '../test/connection.js';
import { classifyTransport } from './classify.js';
import type { ResolvedProvider } from './resolved-provider.js';
import { readTokenAnswer } from './token-answer.js';

const HTML = { 'content-type': 'text/html' };
interface Asked {
  resolved?: ResolvedProvider;
  phase?: 'exchange' | 'refresh';
}
const read = (sent: ReturnType<typeof answer>, { resolved = custom(), phase = 'refresh' }: Asked = {}) =>
  readTokenAnswer(resolved, phase, { scopes: ['a', 'b'] }, sent, NOW);
const tokens = (more: object = {}) => answer(200, { access_token: 'cnry_at', ...more });
const settings = (provider_settings: object) => custom({ provider_settings });

describe('an answer with tokens', () => {
  it.each([
    [3600, 3600],
    ['3600', 3600],
    [1e99, 365 * 24 * 3600],
    [0, null],
    [-1, null],
    ['soon', null],
    [undefined, null],
  ])('of expires_in %j ends in %s seconds', (expires_in, seconds) => {
    const expected = seconds === null ? null : inSeconds(seconds);
    expect(read(tokens({ expires_in }))).toMatchObject({ outcome: 'tokens', expiresAt: expected });
  });

  it('without a lifetime takes the one that the entry assumes', () => {
    const resolved = settings({ tokenResponse: { noExpiry: 'default', defaultTtlSeconds: 600 } });
    expect(read(tokens(), { resolved })).toMatchObject({ expiresAt: inSeconds(600) });
  });

  it('may name its end as an instant', () => {
    const resolved = settings({ tokenResponse: { paths: { expiresAt: ['/expires_at'] } } });
    const expires_at = NOW.getTime() / 1000 + 90;
    expect(read(tokens({ expires_at }), { resolved })).toMatchObject({ expiresAt: inSeconds(90) });
  });

  it.each([
    ['2027-01-15T08:01:30Z', 90],
    ['2027-01-15T08:01:30', 90],
    ['Fri, 15 Jan 2027 08:01:30 GMT', 90],
    [NOW.getTime() + 90_000, 90],
    // Left to itself, JavaScript reads years in these.
    ['0', null],
    ['-1', null],
    ['in 5', null],
  ])('may name its end as %j', (expires_at, seconds) => {
    const resolved = settings({ tokenResponse: { paths: { expiresAt: ['/expires_at'] } } });
    const expected = seconds === null ? null : inSeconds(seconds);
    expect(read(tokens({ expires_at }), { resolved })).toMatchObject({ expiresAt: expected });
  });

  it('keeps the end of a grant as it was said, however far away', () => {
    const ends = read(tokens({ expires_in: 1e9, refresh_token_expires_in: 63_072_000 }));
    expect(ends).toMatchObject({ expiresAt: inSeconds(365 * 24 * 3600), refreshExpiresAt: inSeconds(63_072_000) });
  });

  it('splits scopes only where the entry says, and trims them', () => {
    const resolved = settings({ tokenResponse: { scopeDelimiter: ',' } });
    expect(read(tokens({ scope: 'read mail, send' }), { resolved })).toMatchObject({ scopes: ['read mail', 'send'] });
  });

  it('is a success only where a whole object is what the entry demands', () => {
    const resolved = settings({ tokenResponse: { success: [{ path: '/errors', equals: [] }] } });
    expect(read(tokens({ errors: [] }), { resolved }).outcome).toBe('tokens');
    expect(read(tokens({ errors: ['x'] }), { resolved }).outcome).toBe('error');
  });

  it.each([
    ['a b', ['a', 'b']],
    ['a,b', ['a', 'b']],
    ['a+b', ['a', 'b']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    ['', []],
    [undefined, ['a', 'b']],
  ])('of scope %j granted %j', (scope, scopes) => {
    expect(read(tokens({ scope }))).toMatchObject({ scopes });
  });

  it.each(['Bearer', 'bearer', 'bot', undefined, null])('EX-14 of token_type %s is served as Bearer', (token_type) => {
    expect(read(tokens({ token_type })).outcome).toBe('tokens');
  });

  it.each(['mac', 'DPoP', 'N_A'])('of token_type %s is of no use to a caller', (token_type) => {
    expect(read(tokens({ token_type }))).toMatchObject({ class: 'malformed', code: 'unsupported_token_type' });
  });

  it.each(['cnry_a\nb', 'cnry_a\u0000', 'cnry_é'])(
    'to a code is of no use where no header can carry %j',
    (access_token) => {
      const unusable = { class: 'malformed', code: 'unusable_access_token' };
      expect(read(tokens({ access_token }), { phase: 'exchange' })).toMatchObject(unusable);
      expect(read(tokens({ access_token, refresh_token: 'cnry_rt' }))).toMatchObject({ refreshToken: 'cnry_rt' });
    },
  );

  it.each([[undefined], [null], ['']])('keeps the old refresh token where it carries %j', (refresh_token) => {
    expect(read(tokens({ refresh_token }))).toMatchObject({ outcome: 'tokens', refreshToken: null });
  });

  it('must carry a refresh token where the provider rotates, in a refresh only', () => {
    const resolved = settings({ refresh: { mode: 'rotating' } });
    expect(read(tokens(), { resolved })).toMatchObject({ class: 'malformed', code: 'missing_refresh_token' });
    expect(read(tokens(), { resolved, phase: 'exchange' }).outcome).toBe('tokens');
  });

  it.each([
    [3600, 3600],
    [0, null],
  ])('of refresh_token_expires_in %s knows the end of the grant', (refresh_token_expires_in, seconds) => {
    const expected = seconds === null ? null : inSeconds(seconds);
    expect(read(tokens({ refresh_token_expires_in }))).toMatchObject({ refreshExpiresAt: expected });
  });

  it('may be a form where the entry says so, and never where it is HTML', () => {
    const resolved = settings({ tokenResponse: { formats: ['json', 'form'] } });
    const form = 'access_token=cnry_at&scope=a%2Cb';
    expect(read(answer(200, form, {}), { resolved })).toMatchObject({ outcome: 'tokens', scopes: ['a', 'b'] });
    expect(read(answer(200, form, HTML), { resolved })).toMatchObject({ class: 'malformed' });
    expect(read(answer(200, form, {}))).toMatchObject({ class: 'malformed' });
  });

  it('is found where the entry says, under its conditions', () => {
    const resolved = settings({
      tokenResponse: { success: [{ path: '/ok', equals: true }], paths: { accessToken: ['/user/token'] } },
    });
    expect(read(answer(200, { ok: true, user: { token: 'cnry_u' } }), { resolved })).toMatchObject({
      accessToken: 'cnry_u',
    });
    expect(read(answer(200, { ok: false, user: { token: 'cnry_u' } }), { resolved }).outcome).toBe('error');
  });

  it('keeps the digits of large ids', () => {
    const sent = answer(200, '{"access_token":"cnry_at","id":12345678901234567890}');
    expect(read(sent)).toMatchObject({ raw: { id: '12345678901234567890' } });
  });
});

describe('a refusal', () => {
  /** `spec/refresh.md` §5, class by class. */
  it.each([
    ['invalid_grant', 400, { error: 'invalid_grant' }, 'reconnect'],
    ['invalid_grant in a 200', 200, { error: 'invalid_grant' }, 'reconnect'],
    ['a dead gateway that repeats invalid_grant', 503, { error: 'invalid_grant' }, 'retry'],
    ['a limit that repeats invalid_grant', 429, { error: 'invalid_grant' }, 'rate_limited'],
    ['slow_down', 400, { error: 'slow_down' }, 'rate_limited'],
    ['a timeout', 408, '', 'retry'],
    ['temporarily_unavailable', 400, { error: 'temporarily_unavailable' }, 'retry'],
    ['HTML', 200, '<html>Log in</html>', 'malformed'],
    ['an empty body', 200, '', 'malformed'],
    ['a truncated body', 200, '{"access_token":"cnry_a', 'malformed'],
    ['a list', 200, '[]', 'malformed'],
    ['an empty access token', 200, { access_token: '' }, 'malformed'],
    ['an access token that is no string', 200, { access_token: { a: 1 } }, 'malformed'],
    ['a body nested too deeply', 200, `{"access_token":"cnry_at","x":${'['.repeat(40)}${']'.repeat(40)}}`, 'malformed'],
    ['a redirect', 302, '', 'malformed'],
    ['interaction_required', 400, { error: 'interaction_required' }, 'step_up'],
    ['invalid_client', 401, { error: 'invalid_client' }, 'client_config'],
    ['invalid_request', 400, { error: 'invalid_request' }, 'bug'],
    ['invalid_scope', 400, { error: 'invalid_scope' }, 'insufficient_scope'],
    ['any other 4xx', 403, { error: 'teapot' }, 'unknown'],
    ['a 4xx without a body', 400, '', 'unknown'],
  ])('of %s is read as its class', (_, status, body, kind) => {
    expect(read(answer(status, body))).toMatchObject({ outcome: 'error', class: kind, status });
  });

  it('of a code ends the flow, not the grant', () => {
    expect(read(answer(400, { error: 'invalid_grant' }), { phase: 'exchange' })).toMatchObject({
      class: 'restart_flow',
    });
  });

  it.each([
    ['invalid_grant', 'invalid_grant'],
    ['token cnry_rt is dead', null],
    ['x'.repeat(65), null],
  ])('keeps code %j as %j', (error, code) => {
    expect(read(answer(400, { error, error_description: 'cnry_rt' }))).toMatchObject({ code });
    expect(JSON.stringify(read(answer(400, { error, error_description: 'cnry_rt' })))).not.toContain('cnry_rt');
  });

  it.each([
    ['7', 7],
    ['0.4', 1],
    ['-3', 0],
    ['Fri, 15 Jan 2027 08:01:00 GMT', 60],
    ['Fri, 15 Jan 2027 07:00:00 GMT', 0],
    ['Friday, 15-Jan-27 08:01:00 GMT', 60],
    ['Fri Jan 15 08:01:00 2027', 60],
    ['later', null],
    ['in 5', null],
    [undefined, null],
  ])('with Retry-After %j waits %s s', (value, retryAfter) => {
    const headers: Record<string, string> = value === undefined ? {} : { 'retry-after': value };
    expect(read(answer(503, '', headers))).toMatchObject({ retryAfter });
  });

  it('follows the connection’s own rules first: description, header, status', () => {
    const resolved = settings({
      errors: {
        rules: [
          { when: { code: ['invalid_grant'], descriptionMatches: 'second factor|mfa' }, class: 'step_up' },
          { when: { status: ['403'], bodyEquals: { '@header:x-locked': 'yes' } }, class: 'admin_blocked' },
          { when: { bodyEquals: { '/ok': false } }, class: 'race' },
        ],
      },
      rateLimit: { exhausted: { header: 'X-Remaining', equals: '0' } },
    });
    const kind = (sent: ReturnType<typeof answer>) => read(sent, { resolved });
    expect(kind(answer(400, { error: 'invalid_grant', error_description: 'MFA needed' }))).toMatchObject({
      class: 'step_up',
    });
    expect(kind(answer(400, { error: 'invalid_grant', error_description: 'gone' }))).toMatchObject({
      class: 'reconnect',
    });
    expect(kind(answer(403, '', { 'x-locked': 'yes' }))).toMatchObject({ class: 'admin_blocked' });
    expect(kind(answer(200, { ok: false }))).toMatchObject({ class: 'race' });
    expect(kind(answer(403, '', { 'x-remaining': '0' }))).toMatchObject({ class: 'rate_limited' });
  });

  it('compares whole objects and the text of headers, and knows a limit by a header of any value', () => {
    const resolved = settings({
      errors: {
        rules: [
          { when: { bodyEquals: { '/problem': { kind: 1 } } }, class: 'race' },
          { when: { bodyEquals: { '@header:x-kind': 2 } }, class: 'step_up' },
          { when: { bodyEquals: { '': [] } }, class: 'bug' },
        ],
      },
      rateLimit: { exhausted: { header: 'x-empty' } },
    });
    const kind = (sent: ReturnType<typeof answer>) => read(sent, { resolved });
    expect(kind(answer(400, { problem: { kind: 1 } }))).toMatchObject({ class: 'race' });
    expect(kind(answer(400, '', { 'x-kind': '2' }))).toMatchObject({ class: 'step_up' });
    expect(kind(answer(400, []))).toMatchObject({ class: 'bug' });
    expect(kind(answer(403, '', { 'x-empty': 'true' }))).toMatchObject({ class: 'rate_limited' });
    expect(kind(answer(403, ''))).toMatchObject({ class: 'unknown' });
  });
});

describe('no answer', () => {
  const rules = [{ when: { network: true, phase: ['revoke'] }, class: 'unknown' }];
  const resolved = settings({ errors: { rules } });

  it('means what the rules say of it, and else that it passes', () => {
    const kind = (phase: 'refresh' | 'revoke') => classifyTransport({ sent: 'maybe' }, { resolved, phase }).class;
    expect([kind('refresh'), kind('revoke')]).toEqual(['retry', 'unknown']);
  });

  it.each(['too_deep', 'too_large', 'invalid_answer'])(
    'of which anything was read (%s) is one nobody can read',
    (reason) => {
      expect(classifyTransport({ sent: 'maybe', reason }, { resolved, phase: 'revoke' })).toMatchObject({
        class: 'malformed',
      });
    },
  );
});
