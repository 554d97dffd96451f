import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bench } from '../../test/bench.js';
import { HttpsWorld } from '../../test/https-world.js';
import { Provider } from '../../test/provider.js';

describe('after a refresh', () => {
  let world: HttpsWorld;
  let bench: Bench;
  let thief: Provider;

  beforeAll(async () => {
    world = await HttpsWorld.start([]);
    bench = await Bench.start({}, { egress: world.egress });
    thief = await Provider.start();
  });
  afterAll(async () => {
    await bench.stop();
    await world.stop();
    await thief.stop();
  });
  beforeEach(() => {
    Object.assign(bench.provider, { identity: () => ({ status: 200, body: { sub: bench.provider.subject } }) });
    bench.provider.pages.clear();
  });

  describe('the lifetime of a token that comes without one', () => {
    const settings = (more: object = {}) => ({
      tokenResponse: { noExpiry: 'introspect', defaultTtlSeconds: 600 },
      endpoints: { introspection: `${bench.provider.url}/introspect`, ...more },
    });
    const secondsLeft = async (account: { personId: string; connectionId: string }) =>
      (await bench.token(account))!.expiresIn;
    const introspected = { client_id: 'upstream-client', client_secret: 'cnry_client_secret' };
    let asked: Record<string, string>[];

    beforeEach(() => {
      asked = [];
      bench.provider.expiresIn = undefined;
      bench.provider.pages.set('/introspect', (form) => {
        asked.push(Object.fromEntries(form));
        return { status: 200, body: { active: true, exp: Math.floor(Date.now() / 1000) + 7200 } };
      });
    });
    afterEach(() => {
      bench.provider.expiresIn = 3600;
    });

    it('is asked for once after the exchange and once after a refresh', async () => {
      const account = await bench.connected(settings());
      expect(await secondsLeft(account)).toBeGreaterThan(7100);
      expect(asked).toMatchObject([{ ...introspected, token: expect.stringMatching(/^cnry_at_/) }]);
      await bench.expire(account);
      expect(await secondsLeft(account)).toBeGreaterThan(7100);
      expect(await secondsLeft(account)).toBeGreaterThan(7100);
      expect(asked).toHaveLength(2);
      expect(bench.provider.refreshes.at(-1)!.refreshToken).toBeDefined();
    });

    it.each([
      ['nothing that can be read', () => ({ status: 200, body: 'cnry_page' })],
      ['a refusal', () => ({ status: 401, body: { error: 'invalid_client' } })],
      ['no answer', () => 'reset' as const],
    ])('is what the entry assumes where the answer is %s', async (_, answer) => {
      bench.provider.pages.set('/introspect', answer);
      const account = await bench.connected(settings());
      expect(await secondsLeft(account)).toBeLessThanOrEqual(600);
      await bench.expire(account);
      const token = await bench.token(account);
      expect([token!.refreshed, token!.expiresIn <= 600]).toEqual([true, true]);
    });

    it.each([
      ['answered', false],
      ['asked for', true],
    ])('SE-05 is that of the whole one though it is told while a part is %s', async (_, isBefore) => {
      const account = await bench.connected({ ...settings(), tokenRequest: { refreshScope: 'when-narrowing' } });
      await bench.expire(account);
      const asking: ServerResponse[] = [];
      const held = async (count: number) => {
        while (asking.length < count) await sleep(5);
      };
      const tell = (at: number, seconds: number) => {
        asking[at]!.writeHead(200, { 'content-type': 'application/json' });
        asking[at]!.end(JSON.stringify({ active: true, exp: Math.floor(Date.now() / 1000) + seconds }));
      };
      bench.provider.pages.set('/introspect', () => (response) => void asking.push(response));
      const whole = bench.token(account);
      await held(1);
      const toldOfWhole = async () => {
        tell(0, 300);
        await whole;
      };
      bench.provider.after = async (_call, answer) => {
        if (isBefore) await toldOfWhole();
        return answer === 'reset' ? answer : { ...answer, body: { ...(answer.body as object), scope: 'read' } };
      };
      const part = bench.token(account, { scopes: ['read'] });
      await held(2);
      bench.provider.after = () => undefined;
      if (!isBefore) await toldOfWhole();
      tell(1, 100);
      expect((await part)!.expiresIn).toBeLessThanOrEqual(100);
      const left = await secondsLeft(account);
      expect([left > 250, left <= 300]).toEqual([true, true]);
    });

    it('9 has its true time left though the provider was slow to tell it', async () => {
      const account = await bench.connected(settings());
      await bench.expire(account);
      const body = JSON.stringify({ active: true, exp: Math.floor(Date.now() / 1000) + 7200 });
      bench.provider.pages.set('/introspect', () => (response) => {
        setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(body), 2_500);
      });
      const token = await bench.token(account);
      expect(token!.expiresIn).toBeLessThanOrEqual((Date.parse(token!.expiresAt!) - Date.now()) / 1000 + 1);
    });

    it('is not asked for where the answer names it', async () => {
      bench.provider.expiresIn = 1000;
      const account = await bench.connected(settings());
      await bench.expire(account);
      await bench.token(account);
      expect(asked).toEqual([]);
    });

    it('M3 is not asked for at a host that only the connection names', async () => {
      const account = await bench.connected(settings({ introspection: `${thief.url}/introspect` }));
      await bench.expire(account);
      expect((await bench.token(account))?.refreshed).toBe(true);
      expect(thief.calls).toEqual([]);
    });
  });

  describe('a new ID token', () => {
    const account = async (claims: object) => {
      world.issue();
      const issue = world.server.routes['/token']!;
      const idToken = { current: await world.server.idToken({ sub: 'ann', email: 'ann@old.example', nonce: 'n' }) };
      world.server.routes['/token'] = (called) => {
        const answer = issue(called) as { status: number; body: object };
        return { ...answer, body: { ...answer.body, id_token: idToken.current } };
      };
      const options = { client_id: 'upstream-client', issuer: world.server.url };
      const more = { strategy: 'oidc', options, metadata: world.server.metadata };
      const connectionId = await bench.connection({}, more);
      const personId = bench.person();
      const asked = await bench.redeemRequest(personId, connectionId, { nonce: 'n' });
      const { tokensetId } = await bench.vault.redeem(asked);
      idToken.current = await world.server.idToken({ sub: 'ann', email: 'ann@new.example', ...claims });
      await bench.expire({ tokensetId });
      const token = await bench.token({ personId, connectionId });
      await bench.app.close(); // what nobody waits for is done by then
      await bench.boot();
      const { rows } = await bench.sql.query<{ email: string; status: string }>(
        'SELECT provider_email AS email, status FROM tokensets WHERE id = $1',
        [tokensetId],
      );
      return { refreshed: token?.refreshed, ...rows[0] };
    };

    it('says how the account calls itself now', async () => {
      expect(await account({})).toEqual({ refreshed: true, email: 'ann@new.example', status: 'active' });
    });

    it.each([
      ['another subject', { sub: 'bob' }],
      ['another issuer', { iss: 'https://other.example' }],
      ['another client', { aud: 'somebody' }],
    ])('P3 of %s is left aside, and the tokens stay', async (_, claims) => {
      expect(await account(claims)).toEqual({ refreshed: true, email: 'ann@old.example', status: 'active' });
    });
  });

  it('a token that was over before it came is kept and not handed out', async () => {
    const account = await bench.connected({
      tokenResponse: { expiryFrom: 'issuedAt', issuedAtUnit: 's', paths: { issuedAt: ['/issued_at'] } },
    });
    await bench.expire(account);
    const body = { access_token: 'cnry_at_old', token_type: 'bearer', expires_in: 60 };
    const old = { ...body, issued_at: Math.floor(Date.now() / 1000) - 3600 };
    bench.provider.before = () => ({ status: 200, body: old });
    await expect(bench.token(account)).rejects.toMatchObject({ status: 503, code: 'temporarily_unavailable' });
    expect(await bench.row(account)).toMatchObject({ status: 'active', cred_version: 2 });
    bench.provider.before = () => undefined;
    expect(await bench.token(account)).toMatchObject({ refreshed: true });
    expect(await bench.row(account)).toMatchObject({ cred_version: 3 });
  });
});
