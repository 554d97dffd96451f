import { jest } from '@jest/globals';
import { decodeJwt } from 'jose';
import { type AuthorizationApp, CALLBACK, startIdentity } from '../../test/authorization-app.js';
import { ArtefactSweeper } from '../artefacts/artefact-sweeper.js';
import { Accounts } from '../sign-in/accounts.js';
import { RefreshTokens } from './refresh-tokens.js';

describe('the rules of a refresh', () => {
  let identity: AuthorizationApp;
  const email = 'someone@example.com';
  const rotation = { rotation_type: 'rotating', expiration_type: 'expiring', token_lifetime: 3600 };
  const fixed = { rotation_type: 'non-rotating', expiration_type: 'non-expiring' };

  beforeAll(async () => {
    identity = await startIdentity();
    await identity.person(email);
    await identity.api('things');
    await identity.api('others');
    await identity.api('asking', { skip_consent_for_verifiable_first_party_clients: false });
    await identity.api('granted', {
      subject_type_authorization: { user: { policy: 'require_client_grant' }, client: { policy: 'deny_all' } },
    });
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => identity?.stop());

  const scopesOf = (body: Record<string, unknown>) => (body['scope'] as string).split(' ').sort();
  const audOf = (body: Record<string, unknown>) => [decodeJwt(body['access_token'] as string).aud].flat()[0];
  const policies = ['things', 'others', 'asking', 'granted'].map((audience) => ({ audience, scope: ['write:things'] }));
  const forThings = { audience: 'things', scope: 'openid offline_access read:things' };

  describe('ID-12 lead to the API that was asked for, or to none', () => {
    let client: { client_id: string; client_secret: string };
    let refreshToken: string;
    beforeAll(async () => {
      client = await identity.client({ refresh_token: { ...fixed, policies } });
      refreshToken = (await identity.tokens(email, client, forThings)).refresh_token;
    });
    const ask = (more: Record<string, string> = {}) => identity.refresh(client, refreshToken, more);

    it.each<Record<string, string>>([{}, { audience: 'things' }])(
      'the original one, with what its policy adds: %j',
      async (asked) => {
        const { status, body } = await ask(asked);
        expect([status, audOf(body), body['token_type'], body['refresh_token']]).toEqual([
          200,
          'things',
          'Bearer',
          undefined,
        ]);
        expect(scopesOf(body)).toEqual(['offline_access', 'openid', 'read:things', 'write:things']);
      },
    );

    it('another one that a policy names, with what the policy allows and no more', async () => {
      for (const scope of ['', 'openid offline_access read:things write:things nothing:known']) {
        const { status, body } = await ask({ audience: 'others', scope });
        expect([status, audOf(body)]).toEqual([200, 'others']);
        expect(scopesOf(body)).toEqual(['offline_access', 'openid', 'write:things']);
      }
    });

    it('less where less is asked for', async () => {
      const { body } = await ask({ scope: 'read:things' });
      expect([audOf(body), body['scope'], body['id_token']]).toEqual(['things', 'read:things', undefined]);
    });

    it('none where nothing of what is asked for is left', async () => {
      const { status, body } = await ask({ audience: 'others', scope: 'read:things' });
      expect([status, body['error'], body['access_token']]).toEqual([400, 'invalid_scope', undefined]);
    });

    it('none that asks people first, and none without the grant that it wants, until it is there', async () => {
      for (const audience of ['asking', 'granted']) {
        const { status, body } = await ask({ audience });
        expect([status, body['error'], body['access_token']]).toEqual([400, 'invalid_target', undefined]);
      }
      await identity.manage('POST', '/client-grants', {
        ...{ client_id: client.client_id, audience: 'granted', scope: ['write:things'], subject_type: 'user' },
      });
      expect(audOf((await ask({ audience: 'granted' })).body)).toBe('granted');
    });
  });

  it('ID-12 the original one with no more than was consented to, where nobody may skip that', async () => {
    const third = await identity.client({ is_first_party: false, refresh_token: { ...fixed, policies } });
    const own = await identity.client({ refresh_token: { ...fixed, policies } });
    for (const [client, audience] of [
      [third, 'things'],
      [own, 'asking'],
    ] as const) {
      const { refresh_token } = await identity.tokens(email, client, { ...forThings, audience });
      const { status, body } = await identity.refresh(client, refresh_token);
      expect([status, audOf(body)]).toEqual([200, audience]);
      expect(scopesOf(body)).toEqual(['offline_access', 'openid', 'read:things']);
    }
  });

  it('ID-12 a rotating client reaches several APIs too, and gets a successor each time', async () => {
    const rotator = await identity.client({ refresh_token: { ...rotation, leeway: 0, policies } });
    const { refresh_token } = await identity.tokens(email, rotator, forThings);
    const first = await identity.refresh(rotator, refresh_token, { audience: 'others' });
    expect(audOf(first.body)).toBe('others');
    const second = await identity.refresh(rotator, first.body['refresh_token'] as string);
    expect([audOf(second.body), typeof second.body['refresh_token']]).toEqual(['things', 'string']);
  });

  it('a public client rotates, and its ID token is about the same person and session', async () => {
    const spa = {
      ...(await identity.client({ app_type: 'spa', token_endpoint_auth_method: 'none', refresh_token: rotation })),
    };
    const form = { client_id: spa.client_id };
    const signed = await identity.authorize(identity.browser(), email, spa, { nonce: 'cnry_nonce' });
    const code = { code: signed.params.get('code')!, redirect_uri: CALLBACK, code_verifier: signed.verifier };
    const first = await identity.token({ grant_type: 'authorization_code', ...form, ...code });
    const refresh = { grant_type: 'refresh_token', refresh_token: first.body['refresh_token'] as string };
    const next = await identity.token({ ...refresh, ...form });
    expect([next.status, typeof next.body['refresh_token']]).toEqual([200, 'string']);
    const [before, after] = [first, next].map(({ body }) => decodeJwt(body['id_token'] as string));
    for (const name of ['sub', 'aud', 'iss', 'sid']) expect([name, after![name]]).toEqual([name, before![name]]);
  });

  it('says that a person is blocked, whatever else is true of the token', async () => {
    const client = await identity.client({ refresh_token: fixed });
    const { user_id } = await identity.person('blocked@example.com');
    const { refresh_token } = await identity.tokens('blocked@example.com', client);
    await identity.manage('PATCH', `/users/${encodeURIComponent(user_id)}`, { blocked: true });
    const { status, body } = await identity.refresh(client, refresh_token);
    expect([status, body['error']]).toEqual([403, 'invalid_grant']);
    expect(body['error_description']).toContain('user is blocked');
  });

  it('ends with its idle time and with its absolute one, as the clock of the database has it', async () => {
    const client = await identity.client({
      refresh_token: {
        ...{ rotation_type: 'non-rotating', expiration_type: 'expiring', token_lifetime: 3600 },
        idle_token_lifetime: 60,
      },
    });
    const { refresh_token } = await identity.tokens(email, client);
    const left = async () => {
      const [row] = await identity.database.query<{ seconds: number }[]>(
        `select extract(epoch from expires_at - clock_timestamp())::int as seconds from artefacts
         where kind = 'RefreshToken' and client_id = $1`,
        [client.client_id],
      );
      return row!.seconds;
    };
    const age = (seconds: number) =>
      identity.database.query(
        `update artefacts set expires_at = expires_at - make_interval(secs => $2),
           payload = jsonb_set(payload, '{iiat}', to_jsonb((payload->>'iiat')::float8 - $2::float8))
         where kind = 'RefreshToken' and client_id = $1`,
        [client.client_id, seconds],
      );
    await age(40);
    expect(await left()).toBeLessThanOrEqual(20);
    expect((await identity.refresh(client, refresh_token)).status).toBe(200);
    expect(await left()).toBeGreaterThan(50); // the idle end moves with each use
    await age(3500);
    await identity.database.query(`update artefacts set expires_at = clock_timestamp() + interval '50 seconds'
      where kind = 'RefreshToken' and client_id = '${client.client_id}'`);
    expect((await identity.refresh(client, refresh_token)).status).toBe(200);
    expect(await left()).toBeLessThanOrEqual(60); // never past the absolute one
    await age(61);
    expect((await identity.refresh(client, refresh_token)).status).toBe(403);
  });

  describe('ID-13 of a token that was replaced', () => {
    const started = async (leeway: number) => {
      const client = await identity.client({ refresh_token: { ...rotation, leeway } });
      const { refresh_token: first } = await identity.tokens(email, client);
      return { client, first };
    };
    /** The leeway as if it had passed. */
    const later = (clientId: string) =>
      identity.database.query(
        `update artefacts set consumed_at = consumed_at - interval '1 hour' where client_id = $1 and consumed_at is not null`,
        [clientId],
      );
    const outcome = ({ status, body }: Awaited<ReturnType<AuthorizationApp['refresh']>>) => [status, body['error']];
    const refused = [403, 'invalid_grant'];

    it('in the leeway the same successor comes with another access token', async () => {
      const { client, first } = await started(30);
      const [one, two] = [await identity.refresh(client, first), await identity.refresh(client, first)];
      expect([two.status, two.body['refresh_token']]).toEqual([200, one.body['refresh_token']]);
      expect(two.body['access_token']).not.toBe(one.body['access_token']);
    });

    it('in the leeway, once the successor was used, it is refused and nothing is revoked', async () => {
      const { client, first } = await started(30);
      const successor = (await identity.refresh(client, first)).body['refresh_token'] as string;
      const next = (await identity.refresh(client, successor)).body['refresh_token'] as string;
      expect(outcome(await identity.refresh(client, first))).toEqual(refused);
      expect((await identity.refresh(client, next)).status).toBe(200);
    });

    it('its successor is kept, sealed, no longer than the leeway', async () => {
      const { client, first } = await started(30);
      const kept = async () => {
        await identity.app.get(ArtefactSweeper, { strict: false }).sweep();
        const [row] = await identity.database.query<{ count: number }[]>(
          `select count(successor_sealed)::int as count from artefacts where client_id = $1`,
          [client.client_id],
        );
        return row!.count;
      };
      await identity.refresh(client, first);
      expect(await kept()).toBe(1);
      await later(client.client_id);
      expect(await kept()).toBe(0);
    });

    it('after the leeway it ends the grant, and the successor with it', async () => {
      const { client, first } = await started(30);
      const answer = await identity.refresh(client, first);
      await later(client.client_id);
      expect(outcome(await identity.refresh(client, first))).toEqual(refused);
      expect(outcome(await identity.refresh(client, answer.body['refresh_token'] as string))).toEqual(refused);
    });

    it('a server that was killed after the commit costs a client with a leeway nothing, and one without it the grant', async () => {
      for (const [leeway, expected] of [
        [30, 200],
        [0, 403],
      ] as const) {
        const { client, first } = await started(leeway);
        jest.spyOn(Accounts.prototype, 'find').mockRejectedValueOnce(new Error('killed'));
        expect((await identity.refresh(client, first)).status).toBe(500);
        const again = await identity.refresh(client, first);
        expect([leeway, again.status]).toEqual([leeway, expected]);
        if (again.status === 200)
          expect((await identity.refresh(client, again.body['refresh_token'] as string)).status).toBe(200);
      }
    });

    it('a loser without leeway is refused, and nothing is revoked', async () => {
      const { client, first } = await started(0);
      const tokens = identity.app.get(RefreshTokens, { strict: false });
      const found = (await tokens.find(first))!; // read before the other one's write
      const won = await identity.refresh(client, first);
      const settings = { ...rotation, leeway: 0 } as Parameters<RefreshTokens['use']>[1];
      await expect(tokens.use(found, settings)).rejects.toMatchObject({ status: 403, code: 'invalid_grant' });
      expect((await identity.refresh(client, won.body['refresh_token'] as string)).status).toBe(200);
    });

    it('all that it was rotated into is one family with one absolute end', async () => {
      const { client, first } = await started(0);
      const second = (await identity.refresh(client, first)).body['refresh_token'] as string;
      await identity.refresh(client, second);
      const rows = await identity.database.query<{ family_id: string; iiat: string; grant_id: string }[]>(
        `select family_id, payload->>'iiat' as iiat, grant_id from artefacts where kind = 'RefreshToken' and client_id = $1`,
        [client.client_id],
      );
      expect(rows).toHaveLength(3);
      for (const name of ['family_id', 'iiat', 'grant_id'] as const)
        expect(new Set(rows.map((row) => row[name])).size).toBe(1);
    });
  });
});
