import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VaultError } from '@strongroom/errors';
import { TokensetsSettings } from '../tokensets.options.js';
import { RedeemJournal } from './redeem-journal.js';
import { TokensetStore } from './tokenset-store.js';
import { Bench, refusal } from '../../test/bench.js';
import { accountOf, makeRedeemable } from '../../test/redeemable.js';

describe('a redeem whose tokens wait', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());
  beforeEach(() => makeRedeemable(bench));

  it('CN-30 whose answer another process may hold is neither refused nor given up until that one is back', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    const { sessionId, personId } = request;
    const [node, boot] = [randomUUID(), randomUUID()];
    await bench.sql.query('INSERT INTO nodes (node, boot_id, seen_at) VALUES ($1, $2, clock_timestamp())', [
      node,
      boot,
    ]);
    await bench.sql.query(
      `INSERT INTO redeems (session_id, person_id, state, node, boot_id, started_at)
       VALUES ($1, $2, 'sent', $3, $4, clock_timestamp() - interval '1 minute')`,
      [sessionId, personId, node, boot],
    );
    const goesOn = { code: 'temporarily_unavailable', status: 503, details: { reason: 'redeem_in_progress' } };
    expect(await refusal(bench.vault.redeem(request))).toMatchObject(goesOn);
    expect(await refusal(bench.vault.redeemed(sessionId))).toMatchObject(goesOn);
    const sentBy = (boots: { of: string; now: string }) =>
      Promise.all([
        bench.sql.query('UPDATE nodes SET boot_id = $2 WHERE node = $1', [node, boots.now]),
        bench.sql.query('UPDATE redeems SET boot_id = $2 WHERE session_id = $1', [sessionId, boots.of]),
      ]);
    // This very process knows that it holds none.
    const { bootId } = bench.app.get(TokensetsSettings);
    await sentBy({ of: bootId, now: bootId });
    expect(await bench.vault.redeemed(sessionId)).toBeNull();
    await sentBy({ of: boot, now: randomUUID() });
    expect(await bench.vault.redeemed(sessionId)).toBeNull();
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'provider_unavailable', status: 502 });
    expect(bench.provider.calls).toEqual([]);
  });

  it('C3 CN-30 that waits is not gone on with where its connection sends tokens elsewhere by now', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    bench.provider.identity = () => ({ status: 503, body: {} });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'identity_pending' });
    const asked = bench.provider.identityCalls;
    const { options } = bench.directory.views.get(request.connectionId)!;
    const { tokenURL } = options;
    options['tokenURL'] = 'https://elsewhere.example/token';
    expect(await bench.vault.redeemed(request.sessionId)).toBeNull();
    // Nor is it taken for a record that does not open, ten of which stop the vault.
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'provider_unavailable', status: 502 });
    expect(bench.provider.identityCalls).toBe(asked);
    Object.assign(options, { tokenURL });
    expect(await refusal(bench.vault.redeemed(request.sessionId))).toMatchObject({ status: 503 });
  });

  it('CN-30 that is stored is not said to wait for its account where nobody can be asked whether its person is there', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    const away = new VaultError('away', { code: 'temporarily_unavailable', status: 503 });
    const get = bench.people.get.bind(bench.people);
    bench.people.get = () => Promise.reject(away);
    const refused = await refusal(bench.vault.redeem(request));
    bench.people.get = get;
    expect(refused).toMatchObject({ code: 'temporarily_unavailable' });
    expect(await bench.vault.redeem(request)).toEqual(await bench.vault.redeemed(request.sessionId));
  });

  it('CN-30 CN-32 that waits is not gone on with for who is blocked or gone, nor where the vault is off', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    bench.provider.identity = () => ({ status: 503, body: {} });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'identity_pending' });
    const asked = bench.provider.identityCalls;
    const person = bench.people.known.get(request.personId)!;
    const view = bench.directory.views.get(request.connectionId)!;
    for (const change of [
      () => bench.people.known.set(request.personId, { ...person, blocked: true }),
      () => bench.people.known.delete(request.personId),
      () => bench.people.known.set(request.personId, person) && Object.assign(view, { vaultActive: false }),
    ]) {
      change();
      expect(await bench.vault.redeemed(request.sessionId)).toBeNull();
    }
    expect(bench.provider.identityCalls).toBe(asked);
    view.vaultActive = true;
    expect(await refusal(bench.vault.redeemed(request.sessionId))).toMatchObject({ status: 503 });
    await bench.sql.query(
      `UPDATE pending_redeems SET created_at = created_at - interval '10 minutes' WHERE session_id = $1`,
      [request.sessionId],
    );
    // What was begun before ends, and nothing begins any more.
    while (await refusal(bench.vault.redeemed(request.sessionId)).catch(() => null)) await sleep(10);
  });

  it('CN-29 CN-30 that two processes store at once is stored once, and both are told of it', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    bench.provider.identity = () => ({ status: 503, body: {} });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'identity_pending' });
    bench.provider.identity = accountOf(bench);
    const store = bench.app.get(TokensetStore);
    const first = store.store.bind(store);
    store.store = async (incoming) => {
      store.store = first;
      await first(incoming);
      return first(incoming);
    };
    expect(await bench.vault.redeem(request)).toEqual(await bench.vault.redeemed(request.sessionId));
    expect(await bench.vault.list(request.personId)).toHaveLength(1);
  });

  const waiting = async (sessionId: string) =>
    (await bench.sql.query('SELECT FROM pending_redeems WHERE session_id = $1', [sessionId])).rowCount;

  it('CN-29 whose tokens were sealed although the commit was not heard of seals them once', async () => {
    const journal = bench.app.get(RedeemJournal);
    const { sessionId, personId, ...request } = await bench.redeemRequest(bench.person(), await bench.connection());
    const { connectionId } = request;
    await journal.begin({ sessionId, personId, ...request });
    const place = { sessionId, connectionId, tokenOrigin: bench.provider.url };
    const now = new Date();
    const tokens = {
      ...{ accessToken: 'cnry_at', refreshToken: null, idToken: null, scopes: [], raw: {} },
      ...{ issuedAt: now, expiresAt: null, saysLifetime: true, refreshExpiresAt: null },
      brought: { extras: {}, params: {} },
    };
    const record = journal.sealed(place, tokens, { sessionId, personId, ...request });
    expect([await journal.keepPending(record), await journal.keepPending(record)]).toEqual([true, true]);
    expect(await waiting(sessionId)).toBe(1);
    await journal.refuse(sessionId, 'redeem_refused');
    expect(await journal.keepPending(record)).toBe(false);
    expect(await waiting(sessionId)).toBe(0);
  });

  it('CN-29 whose tokens are sealed but cannot be stored goes on with the same call', async () => {
    const request = await bench.redeemRequest(bench.person(), await bench.connection());
    bench.provider.before = async () => void (await bench.sql.query('ALTER TABLE outbox RENAME TO outbox_away'));
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'identity_pending', status: 503 });
    await bench.sql.query('ALTER TABLE outbox_away RENAME TO outbox');
    expect(await bench.vault.redeem(request)).toMatchObject({ hasRefreshToken: true });
    expect(bench.provider.calls).toHaveLength(1);
  });
});
