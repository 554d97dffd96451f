import type { RedeemRequest } from '@strongroom/contracts';
import { IntakeKeys } from '@strongroom/contracts';
import { sealBox } from '@strongroom/crypto';
import { callbackSignature } from '@strongroom/providers';
import { Bench, refusal } from '../../test/bench.js';
import { HttpsWorld } from '../../test/https-world.js';
import { madeUpCatalogue } from '../../test/made-up-catalogue.js';

const SIGNATURE = {
  param: 'seal',
  alg: 'hmac-sha256-hex',
  key: 'client_secret',
  over: 'sorted-query-without-param',
};

describe('an account that brings its own host', () => {
  let world: HttpsWorld;
  let bench: Bench;
  let connectionId: string;

  beforeAll(async () => {
    world = await HttpsWorld.start(['one.shops.example', 'two.shops.example']);
    const url = (path: string) => world.at('{shop}.shops.example', path);
    const catalogue = await madeUpCatalogue({
      shops: {
        params: { shop: { pattern: '^[a-z]+$', required: true, source: 'user' } },
        endpoints: { authorization: url('/authorize'), token: url('/token') },
        authorization: { callback: { capture: ['shop', 'plan'], signature: SIGNATURE } },
        tokenResponse: { extras: { limit: '/limit', region: '/region', odd: '/odd', leak: '/refresh_token' } },
        identity: { subject: ['callback#/shop'], label: ['callback#/shop'] },
      },
    });
    bench = await Bench.start({}, { egress: world.egress, catalogue });
  });
  afterAll(async () => {
    await bench.stop();
    await world.stop();
  });
  beforeEach(async () => {
    connectionId = await bench.connection({}, { strategy: 'shops', options: { client_id: 'upstream-client' } });
    world.issue();
    world.server.calls.length = 0;
  });

  const callback = (shop: string, more: Record<string, string> = {}) => {
    const query = { code: 'cnry_code', state: 'cnry_state', shop: `${shop}.shops.example`, ...more };
    return new URLSearchParams({ ...query, seal: callbackSignature(SIGNATURE, query, 'cnry_client_secret') });
  };

  /** A redeem as `connected-accounts` asks for it after this callback. */
  async function request(shop: string, query: URLSearchParams | null, more: Partial<RedeemRequest> = {}) {
    const request = await bench.redeemRequest(bench.person(), connectionId, {
      params: { shop },
      captured: { shop: `${shop}.shops.example` },
      ...more,
    });
    const intake = await bench.app.get(IntakeKeys).current();
    const field = { purpose: 'provider-code', connectionId, ownerId: request.sessionId, field: 'query' } as const;
    return { ...request, queryBox: query && (await sealBox(intake, field, query.toString())) };
  }
  async function connected(shop: string) {
    const asked = await request(shop, callback(shop));
    const { tokensetId } = await bench.vault.redeem(asked);
    return { personId: asked.personId, connectionId, tokensetId };
  }

  it('is redeemed, refreshed and kept apart at its own', async () => {
    const [one, two] = [await connected('one'), await connected('two')];
    await bench.expire(one);
    await bench.expire(two);
    expect((await bench.token(two))?.refreshed).toBe(true);
    expect((await bench.token(one))?.refreshed).toBe(true);
    expect(world.hosts()).toEqual([1, 2, 2, 1].map((n) => (n === 1 ? 'one.shops.example' : 'two.shops.example')));
    expect(await bench.row(one)).toMatchObject({
      provider_params: { shop: 'one' },
      token_origin: world.at('one.shops.example', ''),
      provider_issuer: `one.shops.example:${world.server.port}`,
      provider_subject: 'one.shops.example',
    });
  });

  it('goes on where it was after a restart in the middle', async () => {
    const asked = await request('one', callback('one'));
    await bench.sql.query('ALTER TABLE outbox RENAME TO outbox_away');
    expect(await refusal(bench.vault.redeem(asked))).toMatchObject({ code: 'identity_pending' });
    await bench.sql.query('ALTER TABLE outbox_away RENAME TO outbox');
    await bench.app.close();
    await bench.boot();
    expect(await bench.vault.redeem(asked)).toMatchObject({ hasRefreshToken: true });
    expect(world.hosts()).toEqual(['one.shops.example']);
  });

  it('M3 is sent nowhere else when its row says another', async () => {
    const one = await connected('one');
    await bench.expire(one);
    await bench.sql.query(`UPDATE tokensets SET provider_params = '{"shop":"two"}' WHERE id = $1`, [one.tokensetId]);
    expect(await refusal(bench.token(one))).toMatchObject({ details: { cause: 'endpoint_changed' } });
    expect(world.hosts()).toEqual(['one.shops.example']);
  });

  it('takes no value from where the entry does not expect it', async () => {
    const asked = await request('one', callback('one', { plan: 'two' }), { params: { shop: 'one', plan: 'x' } });
    const { tokensetId } = await bench.vault.redeem(asked);
    expect((await bench.row({ tokensetId }))?.provider_params).toEqual({ shop: 'one' });
  });

  it('cannot be used without it', async () => {
    const asked = await request('one', callback('one'), { params: {} });
    expect(await refusal(bench.vault.redeem(asked))).toMatchObject({ code: 'provider_unavailable', status: 502 });
    expect(world.hosts()).toEqual([]);
  });

  describe('whose callback is', () => {
    // Whoever reads the first of two reads what nobody signed.
    const twice = () => new URLSearchParams([['state', 'cnry_other'], ...callback('one')]);
    const changed = () => {
      const query = callback('one');
      query.set('state', 'cnry_other');
      return query;
    };
    it.each([
      ['not there', () => null, {}],
      ['changed', changed, {}],
      ['not signed', () => new URLSearchParams({ code: 'cnry_code', shop: 'one.shops.example' }), {}],
      ['signed for another code', () => callback('one', { code: 'cnry_other' }), {}],
      ['not what was captured', () => callback('one'), { captured: { shop: 'two.shops.example' } }],
      ['told twice', twice, {}],
    ])('%s is refused, and nothing is sent', async (_, query, more) => {
      const asked = await request('one', query(), more);
      expect(await refusal(bench.vault.redeem(asked))).toMatchObject({ code: 'redeem_refused', status: 400 });
      expect(world.hosts()).toEqual([]);
    });
  });

  describe('and extras', () => {
    const list = async (personId: string) =>
      (
        await bench.app.inject({
          method: 'GET',
          url: `/api/v2/users/auth0%7C${personId}/federated-connections-tokensets`,
          headers: { authorization: 'Bearer read:federated_connections_tokens' },
        })
      ).json<{ extras?: unknown }[]>();

    it('shows them as the provider typed them, and what a later answer brings over them', async () => {
      world.issue(() => ({ limit: 40, region: { name: 'eu' } }));
      const account = await connected('one');
      const [{ extras } = {}] = await list(account.personId);
      expect(extras).toEqual({ limit: 40, region: { name: 'eu' } });
      world.issue(() => ({ limit: null, region: 'us' }));
      await bench.expire(account);
      await bench.token(account);
      expect(await list(account.personId)).toMatchObject([{ extras: { limit: 40, region: 'us' } }]);
    });

    it('P2 never loses a refresh token to one that no table can hold, and keeps no token in clear', async () => {
      const account = await connected('one');
      world.issue(() => ({ limit: 1, odd: 'a\u0000b', region: '\ud800', scope: 'read wri\u0000te' }));
      await bench.expire(account);
      expect((await bench.token(account))?.accessToken).toBe('cnry_at_1');
      expect(await bench.row(account)).toMatchObject({ extras: { limit: 1 }, scopes_granted: ['read'] });
    });

    it('has no member where there are none', async () => {
      const { personId } = await connected('one');
      expect(Object.keys((await list(personId))[0]!)).not.toContain('extras');
    });
  });
});
