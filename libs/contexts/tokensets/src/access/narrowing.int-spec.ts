import { Bench, refusal } from '../../test/bench.js';
import { Provider, type Answer } from '../../test/provider.js';

const NARROWS = { tokenRequest: { refreshScope: 'when-narrowing' } };

describe('a token with less than was granted', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start({ refreshWaitMs: 20_000 });
  }, 60_000);
  afterAll(() => bench.stop());
  beforeEach(() => {
    bench.provider.calls.length = 0;
    bench.provider.rotates = true;
    bench.provider.before = () => undefined;
    bench.provider.after = saying();
  });

  /** A provider that gives what it is asked for, or these. */
  const saying =
    (scope?: string) =>
    (call: { scope: string | null }, answer: Answer): Answer =>
      answer === 'reset' || call.scope === null
        ? answer
        : { ...answer, body: { ...(answer.body as object), scope: scope ?? call.scope } };
  const read = { scopes: ['read'] };

  it('SE-05 is had by a refresh and not stored; the refresh token that came along is', async () => {
    const of = await bench.connected(NARROWS);
    const whole = await bench.token(of);
    const narrow = await bench.token(of, read);
    expect(narrow).toMatchObject({ scopes: ['read'], refreshed: true });
    expect(bench.provider.refreshes).toMatchObject([{ scope: 'read' }]);
    expect(narrow!.accessToken).not.toBe(whole!.accessToken);
    const after = await bench.token(of);
    expect(after).toMatchObject({ accessToken: whole!.accessToken, scopes: ['read', 'write'], refreshed: false });
    expect(after!.expiresAt).toBe(whole!.expiresAt);

    await bench.expire(of);
    expect(await bench.token(of)).toMatchObject({ refreshed: true, scopes: ['read', 'write'] });
    const [first, second] = bench.provider.refreshes;
    expect(second!.scope).toBeNull();
    expect(Provider.serialOf(second!.refreshToken!)).toBe(Provider.serialOf(narrow!.accessToken));
    expect(first!.refreshToken).not.toBe(second!.refreshToken);
    expect((await bench.events(of)).map(({ data }) => data['scopes'])).toEqual(Array(3).fill(['read', 'write']));
  });

  it('SE-05 has its own end, and that of the stored one stays', async () => {
    const of = await bench.connected(NARROWS);
    const whole = await bench.token(of);
    bench.provider.expiresIn = 60;
    const narrow = await bench.token(of, read);
    bench.provider.expiresIn = 3600;
    expect(narrow!.expiresIn).toBeLessThanOrEqual(60);
    expect(await bench.token(of)).toMatchObject({ accessToken: whole!.accessToken, expiresAt: whole!.expiresAt });
  });

  it('SE-05 is not to be had where the provider does not narrow, or a refresh would end what others hold', async () => {
    for (const settings of [{}, { ...NARROWS, refresh: { invalidatesAccessToken: true } }]) {
      const of = await bench.connected(settings);
      expect((await refusal(bench.token(of, read))).details).toMatchObject({ reason: 'scope_not_narrowable' });
    }
    const of = await bench.connected(NARROWS);
    const beyond = await refusal(bench.token(of, { scopes: ['read', 'admin'] }));
    expect(beyond.details).toMatchObject({ reason: 'scope_missing', missing_scopes: ['admin'] });
    expect((await refusal(bench.token(of, { scopes: [] }))).details).toMatchObject({ reason: 'scope_not_narrowable' });
    expect(bench.provider.refreshes).toHaveLength(0);
  });

  describe('at a provider that grants in its own words', () => {
    const scopes = [
      { value: 'read', label: 'Read', same: ['https://api.example/Read'] },
      { value: 'write', label: 'Write', same: ['https://api.example/Write'], includes: ['write:notes'] },
    ];
    const words = { scopes, authorization: { offlineScopes: ['offline_access'] } };
    beforeEach(() => {
      bench.provider.scope = 'https://api.example/Read write';
    });
    afterEach(() => {
      bench.provider.scope = 'read write';
    });

    it('SE-05 is not what asks for all of it in other words, or for a refresh token beside', async () => {
      const of = await bench.connected(words);
      const whole = await bench.token(of);
      for (const all of ['read write', 'WRITE https://api.example/Read', 'write https://api.example/Write Read'])
        for (const asked of [all, `${all} offline_access`])
          expect(await bench.token(of, { scopes: asked.split(' ') })).toEqual({
            ...whole,
            expiresIn: expect.any(Number),
          });
      bench.provider.scope = 'read write offline_access';
      const offline = await bench.connected(words);
      expect(await bench.token(offline, { scopes: ['read', 'write'] })).toMatchObject({ refreshed: false });
      for (const less of [['read'], ['offline_access'], ['read', 'write:notes']]) {
        const refused = await refusal(bench.token(offline, { scopes: less }));
        expect(refused.details).toMatchObject({ reason: 'scope_not_narrowable', missing_scopes: [] });
      }
      expect(bench.provider.refreshes).toHaveLength(0);
    });

    it('SE-05 is asked for in those words, and never with what was not granted', async () => {
      const of = await bench.connected({ ...NARROWS, ...words });
      for (const asked of [['read'], ['READ', 'offline_access']])
        expect(await bench.token(of, { scopes: asked })).toMatchObject({ scopes: ['https://api.example/Read'] });
      expect(bench.provider.refreshes.map(({ scope }) => scope)).toEqual(Array(2).fill('https://api.example/Read'));
      for (const scopes of [['offline_access'], ['read', 'write:notes']])
        expect((await refusal(bench.token(of, { scopes }))).details).toMatchObject({ reason: 'scope_not_narrowable' });
    });

    it('AD-05 says of which account it is what was not granted', async () => {
      const of = await bench.connected(words);
      const account = { id: of.accountId, login_hint: bench.provider.subject };
      const refused = await refusal(bench.token(of, { scopes: ['read', 'write:notes', 'admin', 'admin'] }));
      expect(refused.details).toMatchObject({ reason: 'scope_missing', missing_scopes: ['admin'], account });
    });
  });

  it('SE-05 is kept back if the provider gives more than was asked; the refresh token that came along counts', async () => {
    const of = await bench.connected(NARROWS);
    bench.provider.after = saying('read write');
    expect((await refusal(bench.token(of, read))).details).toMatchObject({ reason: 'scope_not_narrowable' });
    bench.provider.after = saying();
    expect(await bench.token(of, read)).toMatchObject({ scopes: ['read'] });
  });

  it('SE-05 is not looked for where nothing may be refreshed', async () => {
    const of = await bench.connected(NARROWS);
    expect(await bench.token(of, { ...read, mayRefresh: false })).toBeNull();
    expect(bench.provider.refreshes).toHaveLength(0);
  });

  it('SE-05 is shared by who wants the same at once, and never by who wants something else', async () => {
    const of = await bench.connected(NARROWS);
    const wishes = [['read'], ['write'], ['read'], ['write'], ['read']];
    const tokens = await Promise.all(wishes.map((scopes) => bench.token(of, { scopes })));
    expect(tokens.map((token) => token!.scopes)).toEqual(wishes);
    expect(bench.provider.refreshes).toHaveLength(2);
    expect(new Set(tokens.map((token) => token!.accessToken)).size).toBe(2);
    await bench.token(of, read);
    expect(bench.provider.refreshes).toHaveLength(3);
  });

  it('SE-05 does not come in place of the whole one, nor the whole one of it, when both are asked for at once', async () => {
    const of = await bench.connected(NARROWS);
    await bench.expire(of);
    const [whole, narrow] = await Promise.all([bench.token(of), bench.token(of, read)]);
    expect([whole!.scopes, narrow!.scopes]).toEqual([['read', 'write'], ['read']]);
    expect(whole!.accessToken).not.toBe(narrow!.accessToken);
    const last = bench.provider.refreshes.at(-1)!;
    expect(bench.provider.isLive(last.refreshToken!)).toBe(false);
    await bench.expire(of);
    expect(await bench.token(of)).toMatchObject({ refreshed: true });
  });

  it('SE-05 a provider that is down gives none, and the whole one is not handed out instead', async () => {
    const of = await bench.connected({ ...NARROWS, refresh: { reuse: 'tolerated' } });
    bench.provider.before = () => ({ status: 503, body: {}, headers: { 'retry-after': '30' } });
    const refused = await refusal(bench.token(of, read));
    expect(refused).toMatchObject({ code: 'temporarily_unavailable', audit: { accountId: of.accountId } });
    expect(await bench.token(of)).toMatchObject({ scopes: ['read', 'write'], refreshed: false });
  });

  it('SE-05 a provider that does not know what was asked of it costs nobody the account', async () => {
    const of = await bench.connected(NARROWS);
    bench.provider.before = () => ({ status: 418, body: {} });
    expect((await refusal(bench.token(of, read))).details).toMatchObject({ reason: 'scope_not_narrowable' });
    expect(bench.provider.refreshes).toHaveLength(1);
    expect(await bench.attempts(of)).toMatchObject([{ state: 'not_processed', class: 'unknown' }]);
    expect(await bench.row(of)).toMatchObject({ status: 'active', failures: 0, next_attempt_at: null });
  });

  // As Microsoft's AADSTS65001 and 90094: one of the permissions was taken back, and the others go on.
  it.each([
    ['step_up', { reason: 'scope_not_narrowable', missing_scopes: [] }],
    ['admin_blocked', { reason: 'scope_not_narrowable', missing_scopes: [] }],
    ['insufficient_scope', { reason: 'scope_missing', missing_scopes: ['read'] }],
  ])('SE-05 what it says of a part by %s is no word on the whole', async (word, details) => {
    const errors = { rules: [{ when: { code: ['of_this_part'] }, class: word }] };
    const of = await bench.connected({ ...NARROWS, errors });
    bench.provider.before = () => ({ status: 400, body: { error: 'of_this_part' } });
    expect((await refusal(bench.token(of, read))).details).toMatchObject(details);
    bench.provider.before = () => undefined;
    expect(await bench.row(of)).toMatchObject({ status: 'active', failures: 0, next_attempt_at: null });
    expect(await bench.attempts(of)).toMatchObject([{ state: 'not_processed', class: word }]);
    await bench.expire(of);
    expect(await bench.token(of)).toMatchObject({ refreshed: true, scopes: ['read', 'write'] });
  });
});
