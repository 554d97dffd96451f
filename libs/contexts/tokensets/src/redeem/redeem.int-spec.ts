import { setTimeout as sleep } from 'node:timers/promises';
import type { RedeemRequest } from '@strongroom/contracts';
import { RefreshLimits } from '../limits/refresh-limits.js';
import { TokensetsHealth } from '../tokensets-health.js';
import { RedeemJournal } from './redeem-journal.js';
import { Bench, refusal } from '../../test/bench.js';
import { accountOf, makeRedeemable } from '../../test/redeemable.js';
import type { Answer } from '../../test/provider.js';

type Owners = Pick<RedeemRequest, 'personId' | 'connectionId'>;

describe('a redeem', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());
  beforeEach(() => makeRedeemable(bench));

  const count = async (table: string, where: string, value: string) =>
    (await bench.sql.query(`SELECT FROM ${table} WHERE ${where} = $1`, [value])).rowCount;

  it('stores a tokenset whose token can be had, and says so', async () => {
    const personId = bench.person();
    const connectionId = await bench.connection();
    const request = await bench.redeemRequest(personId, connectionId, { scopesAsked: ['read', 'write', 'more'] });
    const redeemed = await bench.vault.redeem(request);
    expect(redeemed).toMatchObject({
      scopes: ['read', 'write'],
      missingScopes: ['more'],
      hasRefreshToken: true,
      reconnected: false,
    });
    expect(redeemed.accountId).toMatch(/^cac_[A-Za-z0-9]{22}$/);
    expect(bench.provider.calls).toMatchObject([{ code: 'cnry_code', clientSecret: 'cnry_client_secret' }]);
    expect((await bench.token({ personId, connectionId }))?.accessToken).toMatch(/^cnry_at_/);
    expect(await bench.events(redeemed)).toMatchObject([
      { type: 'strongroom.tokenset.created.v1', sequence: 1, data: { clientId: 'app', origin: 'connect' } },
    ]);
  });

  it('C3 whose token endpoint is not the one the person was sent away with gets nothing, neither code nor secret', async () => {
    const connectionId = await bench.connection();
    const origin = new URL(bench.provider.url).origin;
    const moved = await bench.redeemRequest(bench.person(), connectionId, { codeReceiver: 'https://before.example' });
    expect(await refusal(bench.vault.redeem(moved))).toMatchObject({ code: 'redeem_refused', status: 400 });
    expect(bench.provider.calls).toEqual([]);
    const same = await bench.redeemRequest(bench.person(), connectionId, { codeReceiver: origin });
    expect(await bench.vault.redeem(same)).toMatchObject({ reconnected: false });
  });

  it('CN-12 of one session, 20 times at once, is one token request', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    const all = await Promise.all(Array.from({ length: 20 }, () => bench.vault.redeem(request)));
    expect(new Set(all.map(({ tokensetId }) => tokensetId)).size).toBe(1);
    expect(bench.provider.calls).toHaveLength(1);
    expect(await bench.vault.redeem(request)).toEqual(all[0]);
    expect(await bench.vault.redeemed(request.sessionId)).toEqual(all[0]);
    expect(bench.provider.calls).toHaveLength(1);
  });

  it('4 keeps within the limits of its provider: while that is not to be called the code is not spent', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    const host = { connectionId: request.connectionId, tokenOrigin: bench.provider.url, budgetPerSecond: null };
    const admission = await bench.app.get(RefreshLimits).admit(host, { background: false, waitMs: 1_000 });
    if ('state' in admission) throw new Error('not admitted');
    admission.end({ class: 'rate_limited', retryAfter: 300 });
    const refused = { code: 'identity_pending', status: 503, retryAfter: 60 };
    expect(await refusal(bench.vault.redeem(request))).toMatchObject(refused);
    expect(bench.provider.calls).toEqual([]);
    bench.later();
    expect(await bench.vault.redeem(request)).toMatchObject({ reconnected: false });
    expect(bench.provider.calls).toHaveLength(1);
  });

  it('4 whose tokens the store does not take is kept, and the process is not ready meanwhile', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    const health = bench.app.get(TokensetsHealth);
    bench.provider.after = async () => {
      await bench.sql.query('ALTER TABLE pending_redeems RENAME TO pending_redeems_away');
      return undefined;
    };
    const redeemed = bench.vault.redeem(request);
    const isReady = () =>
      health.check().then(
        () => true,
        () => false,
      );
    while (await isReady()) await sleep(10);
    bench.provider.after = () => undefined;
    await bench.sql.query('ALTER TABLE pending_redeems_away RENAME TO pending_redeems');
    expect(await redeemed).toMatchObject({ reconnected: false });
    expect(await isReady()).toBe(true);
    expect(bench.provider.calls).toHaveLength(1);
  });

  it('CN-30 whose process died after the send is not sent again', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    await bench.sql.query(
      `INSERT INTO redeems (session_id, person_id, state, started_at)
       VALUES ($1, $2, 'sent', clock_timestamp() - interval '1 minute')`,
      [request.sessionId, request.personId],
    );
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'provider_unavailable', status: 502 });
    expect(await bench.vault.redeemed(request.sessionId)).toBeNull();
    expect(bench.provider.calls).toHaveLength(0);
  });

  it('CN-23 CN-27 of the same account keeps ids and the old refresh token, and raises the version', async () => {
    const account = await bench.connected();
    bench.provider.isOffline = false;
    const again = await bench.vault.redeem(await bench.redeemRequest(account.personId, account.connectionId));
    const { tokensetId, accountId } = account;
    expect(again).toMatchObject({ tokensetId, accountId, reconnected: true, hasRefreshToken: true });
    expect(await bench.row(account)).toMatchObject({ cred_version: 2, event_version: 2 });
    expect((await bench.events(account)).at(-1)).toMatchObject({
      type: 'strongroom.tokenset.refreshed.v1',
      data: { cause: 'reconnected', rotated: false, credentialVersion: 2 },
    });
    await bench.expire(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
    expect(await count('shredded_keys', 'tokenset_id', account.tokensetId)).toBe(1);
  });

  it('CN-26 stores the scopes of the answer, fewer or more than were asked for, and those asked for if it names none', async () => {
    const connectionId = await bench.connection();
    const personId = bench.person();
    const connect = async (scope: string | undefined) => {
      bench.provider.scope = scope;
      const request = await bench.redeemRequest(personId, connectionId);
      const { scopes, missingScopes } = await bench.vault.redeem(request).finally(() => {
        bench.provider.scope = 'read write';
      });
      const [view] = await bench.vault.list(personId);
      expect(view!.scopes).toEqual(scopes);
      return { scopes, missingScopes };
    };
    expect(await connect('read')).toEqual({ scopes: ['read'], missingScopes: ['write'] });
    expect(await connect(undefined)).toEqual({ scopes: ['read', 'write'], missingScopes: [] });
    expect(await connect('read write admin')).toEqual({ scopes: ['read', 'write', 'admin'], missingScopes: [] });
  });

  it('ends a reconnect that was required', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    bench.provider.before = () => ({ status: 400, body: { error: 'invalid_grant' } });
    await refusal(bench.token(account));
    bench.provider.before = () => undefined;
    await bench.vault.redeem(await bench.redeemRequest(account.personId, account.connectionId));
    expect((await bench.token(account))?.refreshed).toBe(false);
    expect((await bench.events(account)).at(-1)).toMatchObject({
      type: 'strongroom.tokenset.recovered.v1',
      data: { cause: 'reconnected', status: 'active', downSince: expect.any(String) },
    });
  });

  it('CN-23 that must end with another account is refused, and nothing changes', async () => {
    const account = await bench.connected();
    bench.provider.subject = 'somebody-else';
    const pinned = { pinnedAccountId: account.accountId };
    const request = await bench.redeemRequest(account.personId, account.connectionId, pinned);
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'account_conflict', status: 409 });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'account_conflict' });
    expect(await bench.vault.list(account.personId)).toHaveLength(1);
    expect(await bench.row(account)).toMatchObject({ cred_version: 1 });
    expect(await count('pending_redeems', 'session_id', request.sessionId)).toBe(0);
  });

  it('CN-25 of an account that another person has is refused; theirs still works', async () => {
    const theirs = await bench.connected();
    const request = await bench.redeemRequest(bench.person(), theirs.connectionId);
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'account_conflict', status: 409 });
    expect((await bench.token(theirs))?.accountId).toBe(theirs.accountId);
  });

  it('CN-12 of two persons for one new account at once lets one of them have it', async () => {
    const connectionId = await bench.connection();
    const requests = await Promise.all([1, 2, 3, 4].map(() => bench.redeemRequest(bench.person(), connectionId)));
    const ends = await Promise.allSettled(requests.map((request) => bench.vault.redeem(request)));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const end of ends)
      if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'account_conflict' });
  });

  it.each<[string, Answer, string, number]>([
    ['a refusal of the code', { status: 400, body: { error: 'invalid_grant' } }, 'redeem_refused', 400],
    ['a refusal of our client', { status: 401, body: { error: 'invalid_client' } }, 'connection_misconfigured', 502],
    ['500', { status: 500, body: {} }, 'provider_unavailable', 502],
    ['a reset', 'reset', 'provider_unavailable', 502],
    ['HTML', { status: 200, body: '<html></html>' }, 'provider_unavailable', 502],
  ])('CN-28 answered with %s stores nothing and is not repeated', async (_name, answer, code, status) => {
    bench.provider.before = () => answer;
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code, status });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code, status });
    expect(bench.provider.calls).toHaveLength(1);
    expect(await bench.vault.list(request.personId)).toEqual([]);
  });

  it('CN-29 whose account cannot be read for the moment waits sealed, and goes on with the same call', async () => {
    const answers: Answer[] = [{ status: 500, body: {} }, 'reset', accountOf(bench)()];
    bench.provider.identity = () => answers.shift()!;
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    const pending = { code: 'identity_pending', status: 503 };
    expect(await refusal(bench.vault.redeem(request))).toMatchObject(pending);
    expect(await refusal(bench.vault.accessToken(bench.wanted(request)))).toMatchObject({ status: 401 });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject(pending);
    expect(await bench.vault.redeem(request)).toMatchObject({ hasRefreshToken: true });
    expect(bench.provider.calls).toHaveLength(1);
    expect(await count('pending_redeems', 'session_id', request.sessionId)).toBe(0);
  });

  it('without an account id is refused unless the connection allows it, and then replaces the one there is', async () => {
    bench.provider.identity = () => ({ status: 200, body: {} });
    const strict = await bench.redeemRequest(bench.person(), await bench.connection());
    expect(await refusal(bench.vault.redeem(strict))).toMatchObject({ code: 'missing_user_id', status: 400 });
    const lenient = await bench.connection({}, { allowMissingUserId: true });
    const personId = bench.person();
    const first = await bench.vault.redeem(await bench.redeemRequest(personId, lenient));
    const second = await bench.vault.redeem(await bench.redeemRequest(personId, lenient));
    expect(second).toMatchObject({ tokensetId: first.tokensetId, reconnected: true });
    // It may be another account: its access token and the refresh token of the first must not become one.
    bench.provider.isOffline = false;
    const third = await bench.vault.redeem(await bench.redeemRequest(personId, lenient));
    expect(third).toMatchObject({ tokensetId: first.tokensetId, hasRefreshToken: false });
    const { expiresAt } = (await bench.vault.list(personId))[0]!;
    expect([first.endsAt, third.endsAt]).toEqual([null, expiresAt]);
    expect(expiresAt).not.toBeNull();
    const other = await bench.vault.redeem(await bench.redeemRequest(bench.person(), lenient));
    expect(other.tokensetId).not.toBe(first.tokensetId);
  });

  describe.each([
    ['connection', 'connection_deleted', (of: Owners) => bench.directory.views.delete(of.connectionId)],
    ['person', 'user_deleted', (of: Owners) => bench.people.known.delete(of.personId)],
  ] as const)('whose %s is deleted', (_name, reason, remove) => {
    it('while the provider answers leaves no tokens behind, for no event comes for them any more', async () => {
      const request = await bench.redeemRequest(bench.person(), await bench.connection());
      bench.provider.before = () => void remove(request);
      expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'redeem_refused', status: 400 });
      expect(await bench.vault.list(request.personId)).toEqual([]);
      const { rows } = await bench.sql.query<{ payload: unknown }>(
        `SELECT payload FROM outbox WHERE type = 'strongroom.tokenset.deleted.v1' AND payload->>'personId' = $1`,
        [request.personId],
      );
      expect(rows).toMatchObject([{ payload: { reason } }]);
    });

    it.each([
      ['the same call', (request: RedeemRequest) => refusal(bench.vault.redeem(request))],
      ['a question for its end', async ({ sessionId }: RedeemRequest) => bench.vault.redeemed(sessionId)],
    ])('after which the process was killed is erased by %s', async (_call, call) => {
      const request = await bench.redeemRequest(bench.person(), await bench.connection());
      await bench.vault.redeem(request);
      remove(request);
      await call(request);
      expect(await bench.vault.list(request.personId)).toEqual([]);
    });
  });

  it('CN-29 whose tokens cannot be sealed for the moment keeps them until they can', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    bench.provider.before = async () => void (await bench.sql.query('ALTER TABLE pending_redeems RENAME TO away'));
    const redeemed = bench.vault.redeem(request);
    redeemed.catch(() => undefined);
    while (bench.provider.calls.length === 0) await sleep(10);
    await sleep(300);
    await bench.sql.query('ALTER TABLE away RENAME TO pending_redeems');
    expect(await redeemed).toMatchObject({ hasRefreshToken: true });
    expect(bench.provider.calls).toHaveLength(1);
  });

  it('CN-29 CN-30 that was abandoned stores nothing, whenever its provider or its account answers', async () => {
    const asked = async () => bench.redeemRequest(bench.person(), await bench.connection());
    const [sent, pending, stored, never] = [await asked(), await asked(), await asked(), await asked()];
    const waiting = async () =>
      (await bench.sql.query('SELECT FROM pending_redeems WHERE session_id = $1', [pending.sessionId])).rows.length;
    bench.provider.before = async () => void expect(await bench.vault.abandon(sent)).toBe(true);
    expect(await refusal(bench.vault.redeem(sent))).toMatchObject({ code: 'provider_unavailable', status: 502 });
    bench.provider.before = () => undefined;
    const { identity } = bench.provider;
    bench.provider.identity = () => ({ status: 503, body: {} });
    expect(await refusal(bench.vault.redeem(pending))).toMatchObject({ code: 'identity_pending' });
    expect([await waiting(), await bench.vault.abandon(pending), await waiting()]).toEqual([1, true, 0]);
    bench.provider.identity = identity;
    expect(await refusal(bench.vault.redeem(pending))).toMatchObject({ code: 'provider_unavailable' });
    expect(await bench.vault.abandon({ ...never, personId: sent.personId })).toBe(true);
    expect(await refusal(bench.vault.redeem({ ...never, personId: sent.personId }))).toMatchObject({ status: 502 });
    for (const { personId } of [sent, pending]) expect(await bench.vault.list(personId)).toEqual([]);
    expect(bench.provider.calls).toHaveLength(2);

    await bench.vault.redeem(stored);
    expect(await bench.vault.abandon(stored)).toBe(false);
    expect(await bench.vault.redeemed(stored.sessionId)).not.toBeNull();
    expect(await bench.vault.abandon({ ...stored, personId: sent.personId })).toBe(false);
  });

  it('CN-29 that is being stored while it is abandoned has led to something', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    const holder = await bench.sql.connect();
    const waiting = async (many: number) => {
      const text = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
      while ((await bench.sql.query(text)).rowCount !== many) await sleep(10);
    };
    bench.provider.identity = () => ({ status: 503, body: {} });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'identity_pending' });
    bench.provider.identity = accountOf(bench);
    await holder.query('BEGIN');
    await holder.query('SELECT FROM redeems WHERE session_id = $1 FOR UPDATE', [request.sessionId]);
    const redeemed = bench.vault.redeem(request);
    await waiting(1);
    const abandoned = bench.vault.abandon(request);
    await waiting(2);
    await holder.query('ROLLBACK');
    holder.release();
    expect([(await redeemed).tokensetId, await abandoned]).toEqual([expect.any(String), false]);
    expect(await bench.vault.redeemed(request.sessionId)).not.toBeNull();
  });

  it('CN-12 and CN-40 whose session two processes begin at once is sent by one of them', async () => {
    const journal = bench.app.get(RedeemJournal);
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    const began = await Promise.all([1, 2, 3].map(() => journal.begin(request)));
    expect(began.filter((at) => at !== undefined)).toHaveLength(1);
  });

  it('CN-40 whose boxes are of another session or connection is refused, and nothing is sent', async () => {
    const person = bench.person();
    const [request, other] = [
      await bench.redeemRequest(person, await bench.connection()),
      await bench.redeemRequest(person, await bench.connection()),
    ];
    for (const swapped of [{ codeBox: other.codeBox }, { verifierBox: other.verifierBox }])
      expect(await refusal(bench.vault.redeem({ ...request, ...swapped }))).toMatchObject({ code: 'redeem_refused' });
    expect(bench.provider.calls).toEqual([]);
  });

  it('leaves no token in clear in the database', async () => {
    const account = await bench.connected();
    const { rows } = await bench.sql.query<{ all: string }>(
      `SELECT (SELECT json_agg(t) FROM tokensets t)::text || (SELECT json_agg(r) FROM redeems r)::text ||
         (SELECT json_agg(o) FROM outbox o)::text AS all`,
    );
    const hex = Buffer.from('cnry_').toString('hex');
    expect(rows[0]!.all).toContain(account.tokensetId);
    expect(rows[0]!.all).not.toContain('cnry_');
    expect(rows[0]!.all).not.toContain(hex);
  });
});
