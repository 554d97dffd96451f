import { createHash, randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { EntityManager } from 'typeorm';
import { type AuthorizationApp, CALLBACK, startIdentity } from '../../test/authorization-app.js';
import { type Browser } from '../../test/browser.js';
import { ArtefactSweeper } from '../artefacts/artefact-sweeper.js';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { lockArtefacts } from '../artefacts/lock-artefacts.js';
import { ArtefactAdapter } from '../library/artefact-adapter.js';

type Client = { client_id: string; client_secret: string };
type Upsert = ArtefactAdapter['upsert'];

describe('an end that meets a request under way', () => {
  let identity: AuthorizationApp;
  let client: Client;
  let count = 0;

  beforeAll(async () => {
    identity = await startIdentity();
    client = await identity.client();
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => identity?.stop());

  const signedIn = async (of = client) => {
    const user = await identity.person(`person${++count}@example.com`);
    const browser = identity.browser();
    const { body } = await identity.redeem(of, await identity.authorize(browser, user.email, of));
    const tokens = body as { refresh_token: string; id_token: string };
    const at = `/users/${encodeURIComponent(user.user_id)}`;
    return { user, browser, at, ...tokens, sid: decodeJwt(tokens.id_token)['sid'] as string };
  };
  /** Does it just before the library writes something of this kind, of which it had read the old state. */
  const justBefore = (kind: string, end: () => Promise<unknown>) => {
    const upsert = Object.getOwnPropertyDescriptor(ArtefactAdapter.prototype, 'upsert')!.value as Upsert;
    const done = { times: 0 };
    jest.spyOn(ArtefactAdapter.prototype, 'upsert').mockImplementation(async function (
      this: ArtefactAdapter,
      ...written: Parameters<Upsert>
    ) {
      if (this.kind === kind && done.times++ === 0) await end();
      return upsert.apply(this, written);
    });
    return done;
  };
  const asksForLogin = async (browser: Browser) => {
    const query = new URLSearchParams({
      ...{
        response_type: 'code',
        client_id: client.client_id,
        scope: 'openid',
        prompt: 'none',
        redirect_uri: CALLBACK,
      },
      ...{ code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' },
    });
    return (await browser.open(`/authorize?${query.toString()}`)).left?.includes('error=login_required');
  };

  const kinds = ['Grant', 'AuthorizationCode', 'Session'];

  it.each(kinds)(
    'leaves neither session nor grant nor code, although the library writes its %s afterwards',
    async (kind) => {
      const { user, browser, sid, refresh_token } = await signedIn();
      const ended = justBefore(kind, () => identity.manage('POST', `/sessions/${sid}/revoke`));
      const signed = await identity.authorize(browser, user.email, client);
      expect(ended.times).toBeGreaterThan(0);
      jest.restoreAllMocks();
      expect((await identity.redeem(client, signed)).body['error']).toBe('invalid_grant');
      expect((await identity.refresh(client, refresh_token)).status).toBe(403);
      expect((await identity.manage('GET', `/sessions/${sid}`)).status).toBe(404);
      expect(await asksForLogin(browser)).toBe(true);
    },
  );

  it.each(kinds)('leaves no code of a session alone, although the library writes its %s afterwards', async (kind) => {
    const { user, browser, sid, refresh_token } = await signedIn();
    justBefore(kind, () => identity.manage('DELETE', `/sessions/${sid}`));
    const signed = await identity.authorize(browser, user.email, client);
    jest.restoreAllMocks();
    expect((await identity.redeem(client, signed)).body['error']).toBe('invalid_grant');
    expect((await identity.refresh(client, refresh_token)).status).toBe(200);
    expect(await asksForLogin(browser)).toBe(true);
  });

  it('leaves no session that begins anew when its person is blocked meanwhile, also once they are free again', async () => {
    const { user, browser, at } = await signedIn();
    justBefore('Session', () => identity.manage('PATCH', at, { blocked: true }));
    await identity.authorize(browser, user.email, client);
    jest.restoreAllMocks();
    await identity.manage('PATCH', at, { blocked: false });
    expect(await asksForLogin(browser)).toBe(true);
  });

  it('leaves no grant that was taken back', async () => {
    const { user, browser, refresh_token } = await signedIn();
    const path = `/grants?user_id=${encodeURIComponent(user.user_id)}`;
    justBefore('Grant', () => identity.manage('DELETE', path));
    const signed = await identity.authorize(browser, user.email, client);
    jest.restoreAllMocks();
    expect((await identity.redeem(client, signed)).body['error']).toBe('invalid_grant');
    expect((await identity.refresh(client, refresh_token)).status).toBe(403);
    // The next sign-in begins a new one.
    expect((await identity.redeem(client, await identity.authorize(browser, user.email, client))).status).toBe(200);
  });

  it.each(['Grant', 'AuthorizationCode'])(
    'leaves no first grant in a browser where consent is taken back just before its %s is written',
    async (kind) => {
      const third = await identity.client({ is_first_party: false });
      const { user } = await signedIn(third);
      const browser = identity.browser();
      await identity.authorize(browser, user.email, client);
      const path = `/grants?user_id=${encodeURIComponent(user.user_id)}`;
      justBefore(kind, () => identity.manage('DELETE', path));
      const signed = await identity.authorize(browser, user.email, third, { prompt: 'none' });
      jest.restoreAllMocks();
      expect((await identity.redeem(third, signed)).body['error']).toBe('invalid_grant');
    },
  );

  it('leaves no grant of a client that is gone, whose tokens another would exchange', async () => {
    const ofApi = await identity.api('things');
    const app = await identity.client();
    const { user, browser } = await signedIn(app);
    const asked = { audience: 'things', scope: 'openid offline_access read:things' };
    const held = await identity.redeem(app, await identity.authorize(browser, user.email, app, asked));
    const token = held.body['access_token'] as string;
    const exchange = () =>
      identity.subjects.validate(identity.subject(token, ofApi, { subjectTokenType: 'access_token' }));
    await exchange();
    justBefore('Grant', () => identity.manage('DELETE', `/clients/${app.client_id}`));
    await identity.authorize(browser, user.email, app, asked);
    jest.restoreAllMocks();
    await expect(exchange()).rejects.toMatchObject({ status: 401, code: 'invalid_grant' });
  });

  it('leaves no successor of a refresh token that is rotated while it is ended', async () => {
    const { at, refresh_token } = await signedIn();
    const { body } = await identity.manage('GET', `${at}/refresh-tokens`);
    const [{ id }] = body['tokens'] as [{ id: string }];
    // A rotation, held where its successor is written and nobody else sees it.
    const rotation = identity.database.createQueryRunner();
    await rotation.startTransaction();
    await rotation.query(`update artefacts set consumed_at = now() where kind = 'RefreshToken' and family_id = $1`, [
      id,
    ]);
    await rotation.query(
      `insert into artefacts (kind, id_hash, grant_id, family_id, person_id, client_id, expires_at, payload)
       select kind, $2, grant_id, family_id, person_id, client_id, expires_at, payload
       from artefacts where kind = 'RefreshToken' and family_id = $1`,
      [id, createHash('sha256').update('cnry_successor').digest()],
    );
    const deleted = identity.manage('DELETE', `/refresh-tokens/${id}`);
    for (let waits = 0; waits === 0;) {
      const [row] = await identity.database.query<[{ waits: number }]>(
        `select count(*)::int as waits from pg_locks where not granted`,
      );
      waits = row.waits;
    }
    await rotation.commitTransaction();
    await rotation.release();
    expect((await deleted).status).toBe(202);
    for (const token of [refresh_token, 'cnry_successor'])
      expect((await identity.refresh(client, token)).status).toBe(403);
  });

  it('ends what another person had open in this browser, with what was granted online', async () => {
    const first = await identity.person(`person${++count}@example.com`);
    const second = await identity.person(`person${++count}@example.com`);
    const browser = identity.browser();
    const online = await identity.redeem(
      client,
      await identity.authorize(browser, first.email, client, { scope: 'openid' }),
    );
    await identity.authorize(browser, second.email, client, { prompt: 'login' });
    const authorization = `Bearer ${online.body['access_token'] as string}`;
    expect((await identity.get('/userinfo', { authorization })).status).toBe(401);
  });

  it('keeps nothing of where a session was used once it is over', async () => {
    const factsOf = (sid: string) =>
      identity.database.query<{ ip: string | null }[]>(
        'select coalesce(initial_ip, last_ip, initial_user_agent) as ip from session_facts where uid = $1',
        [sid],
      );
    const [ended, left, open] = [await signedIn(), await signedIn(), await signedIn()];
    await identity.manage('DELETE', `/sessions/${ended.sid}`);
    expect(await factsOf(ended.sid)).toEqual([{ ip: null }]);
    await identity.database.query(
      `update artefacts set expires_at = now() - interval '1 second' where kind = 'Session' and uid = $1`,
      [left.sid],
    );
    await identity.database.query(
      `update session_facts set updated_at = now() - interval '2 hours', ended_at = ended_at - interval '2 hours'`,
    );
    await identity.app.get(ArtefactSweeper, { strict: false }).sweep();
    expect(await factsOf(ended.sid)).toEqual([]);
    expect(await factsOf(left.sid)).toEqual([]);
    expect(await factsOf(open.sid)).toHaveLength(1);
  });

  it('waits for another end of the same, from whichever side that comes', async () => {
    const { database } = identity;
    const artefacts = identity.app.get(ArtefactsService, { strict: false });
    const [person, other] = [randomUUID(), 'another client'];
    for (let round = 0; round < 5; round++) {
      for (const uid of ['s1', 's2'])
        await database.query('insert into session_facts (uid, person_id) values ($1, $2)', [`${uid}/${round}`, person]);
      await database.query(
        `insert into artefacts (kind, id_hash, grant_id, uid, person_id, client_id, family_id, expires_at, payload)
         select kind, sha256((kind || n || $1)::bytea), 'g' || n % 3 || $1, 's' || 1 + n % 2 || $1, $2, $3, $2,
           now() + interval '1 hour', '{}'
         from unnest(array['RefreshToken', 'AuthorizationCode', 'Session', 'Grant']) kind, generate_series(1, 500) n
         order by random()`,
        [`/${round}`, person, other],
      );
      const ends: ((tx: EntityManager) => Promise<void>)[] = [
        (tx) => artefacts.endOfPerson(tx, person),
        (tx) => artefacts.endOfClient(tx, other),
        (tx) => artefacts.endOfPersonAtClient(tx, person, other),
        (tx) => artefacts.endSessions(tx, { personId: person, uid: `s1/${round}` }, { refreshTokens: false }),
        (tx) => artefacts.endSessions(tx, { personId: person }, { refreshTokens: true }),
        (tx) => artefacts.endRefreshTokens(tx, { personId: person }),
        (tx) => artefacts.endConsents(tx, { personId: person }),
        (tx) => artefacts.endOfGrant(tx, `g1/${round}`),
      ];
      const done = await Promise.allSettled(ends.map((end) => database.transaction(end)));
      expect(done.map((one) => (one.status === 'rejected' ? String(one.reason) : 'ended'))).toEqual(
        ends.map(() => 'ended'),
      );
    }
  });

  it('is not crossed by the end of a grant on which something was issued meanwhile', async () => {
    const { database } = identity;
    const artefacts = identity.app.get(ArtefactsService, { strict: false });
    const person = randomUUID();
    const insert = (kind: string) =>
      database.query(
        `insert into artefacts (kind, id_hash, grant_id, person_id, client_id, expires_at, payload)
         values ($1, sha256('crossed'), 'crossed', $2, 'a client', now() + interval '1 hour', '{}')`,
        [kind, person],
      );
    const waits = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%theirs%'`;
    for (const kind of ['Grant', 'AuthorizationCode']) await insert(kind);
    let other: Promise<void> | undefined;
    await database.transaction(async (tx) => {
      await lockArtefacts(tx, { personId: person });
      await insert('AccessToken');
      other = database.transaction((its) => artefacts.endOfGrant(its, 'crossed'));
      other.catch(() => undefined);
      while ((await database.query<unknown[]>(waits)).length === 0) continue;
      await artefacts.endOfPerson(tx, person);
    });
    await expect(other).resolves.toBeUndefined();
  });
});
