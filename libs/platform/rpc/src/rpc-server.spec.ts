import { portTable } from '@strongroom/contracts';
import { SignJWT } from 'jose';
import { echoes, everyCell, everyMethod, keysOf, listening, privateKeyOf, urlOf } from '../test/pair.js';
import { generateServiceKeys } from '../test/generated-keys.js';
import type { RpcServer } from './rpc-server.js';
import { CallerTokens, OwnTokens, TOKEN_HEADER } from './service-tokens.js';

const seconds = () => Math.floor(Date.now() / 1000);

describe('the table of ports', () => {
  it('S2 has every method of every port, and none that a port has not', () => {
    const declared = everyMethod.map(({ port, method }) => `${port}.${method}`);
    // Abstract methods leave nothing at run time: the types of the table refuse one that is missing (port-table.ts).
    expect(new Set(declared).size).toBe(declared.length);
    for (const { callers, offeredBy } of everyMethod) expect(callers).not.toContain(offeredBy);
    expect(portTable.ConnectionDirectory.methods.credentials.callers).toEqual(['tokensets']);
    expect(portTable.SubjectTokens.methods.validate.callers).toEqual(['exchange']);
    expect(portTable.SignIn.methods.redeem.callers).toEqual(['connected-accounts']);
  });
});

describe('a server for other services', () => {
  const servers = new Map<string, RpcServer>();
  beforeAll(async () => {
    for (const name of ['connections', 'tokensets', 'identity'] as const)
      servers.set(name, await listening(name, echoes(name)));
  });
  afterAll(() => Promise.all([...servers.values()].map((server) => server.close())));

  const post = async (service: string, path: string, token: string | null, body: unknown = []) => {
    const answer = await fetch(urlOf(servers.get(service)!) + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === null ? {} : { [TOKEN_HEADER]: token }) },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as { result?: unknown; error?: { code: string } } };
  };

  it.each(everyCell)('S2 $caller calls $port.$method: allowed $isAllowed', async (cell) => {
    const { caller, offeredBy, port, method, isAllowed } = cell;
    const token = await new OwnTokens(keysOf(caller)).for(offeredBy);
    const { status, body } = await post(offeredBy, `/rpc/${port}/${method}`, token);
    expect(status).toBe(isAllowed ? 200 : 403);
    expect(isAllowed ? body.result : body.error?.code).toBe(isAllowed ? `${port}.${method}` : 'call_refused');
  });

  it.each([
    '/rpc/TokenVault/constructor',
    '/rpc/TokenVault/toString',
    '/rpc/TokenVault/__proto__',
    '/rpc/Nothing/get',
    '/rpc/People/get',
    '/rpc/other-grants',
    '/rpc',
    '/',
  ])('S2 refuses what is in no table: %s', async (path) => {
    const token = await new OwnTokens(keysOf('exchange')).for('tokensets');
    expect((await post('tokensets', path, token)).status).toBe(403);
  });

  describe('S1', () => {
    const signed = (change: (jwt: SignJWT) => SignJWT, { kid = 'exchange', alg = 'EdDSA' } = {}) => {
      const base = new SignJWT()
        .setProtectedHeader({ alg, kid })
        .setIssuer('exchange')
        .setAudience('tokensets')
        .setIssuedAt(seconds())
        .setExpirationTime(seconds() + 30);
      return change(base).sign(privateKeyOf('exchange'));
    };
    const withoutMember = (member: string) => {
      const all = { iss: 'exchange', aud: 'tokensets', iat: seconds(), exp: seconds() + 20 };
      const claims = Object.fromEntries(Object.entries(all).filter(([name]) => name !== member));
      return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid: 'exchange' }).sign(privateKeyOf('exchange'));
    };
    const unsigned = [
      { alg: 'none', kid: 'exchange' },
      { iss: 'exchange', aud: 'tokensets', exp: seconds() + 20 },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const byHmac = () =>
      new SignJWT({ iss: 'exchange', aud: 'tokensets', iat: seconds(), exp: seconds() + 20 })
        .setProtectedHeader({ alg: 'HS256', kid: 'exchange' })
        .sign(Buffer.from(generateServiceKeys().jwks));

    it.each([
      ['no token', () => null],
      ['an empty one', () => ''],
      ['no JWT', () => 'cnry_not-a-jwt'],
      ['another issuer', () => signed((jwt) => jwt.setIssuer('identity'))],
      ['a stranger', () => signed((jwt) => jwt.setIssuer('stranger'), { kid: 'stranger' })],
      ['the key of another', () => signed((jwt) => jwt, { kid: 'identity' })],
      ['another callee', () => signed((jwt) => jwt.setAudience('identity'))],
      ['a list of callees', () => signed((jwt) => jwt.setAudience(['tokensets']))],
      ['two callees', () => signed((jwt) => jwt.setAudience(['tokensets', 'identity']))],
      ['a life of 31 s', () => signed((jwt) => jwt.setExpirationTime(seconds() + 31))],
      ['its end behind it', () => signed((jwt) => jwt.setIssuedAt(seconds() - 60).setExpirationTime(seconds() - 31))],
      ['its beginning ahead', () => signed((jwt) => jwt.setIssuedAt(seconds() + 20).setExpirationTime(seconds() + 40))],
      ['not yet good', () => signed((jwt) => jwt.setNotBefore(seconds() + 60))],
      ['no end', () => withoutMember('exp')],
      ['no beginning', () => withoutMember('iat')],
      ['no issuer', () => withoutMember('iss')],
      ['no callee', () => withoutMember('aud')],
      ['another name of the algorithm', () => signed((jwt) => jwt, { alg: 'Ed25519' })],
      ['no algorithm', () => `${unsigned}.`],
      ['a shared secret', byHmac],
    ])('answers 401 to a token with %s', async (_, make) => {
      const { status, body } = await post('tokensets', '/rpc/TokenVault/list', await make());
      expect([status, body.error?.code]).toEqual([401, 'invalid_service_token']);
    });

    it('answers 200 to the one that has it all', async () => {
      expect((await post('tokensets', '/rpc/TokenVault/list', await signed((jwt) => jwt))).status).toBe(200);
    });

    it.each(['/rpc/TokenVault/list', '/rpc/Nothing/at-all', '/rpc/other-grants', '/elsewhere'])(
      'asks for a token before anything else: %s',
      async (path) => expect((await post('tokensets', path, null)).status).toBe(401),
    );

    it('remembers a good token until its end and no longer', async () => {
      let now = Date.now();
      const callers = new CallerTokens(keysOf('tokensets'), () => now);
      const token = await new OwnTokens(keysOf('exchange'), () => now).for('tokensets');
      expect(await callers.callerOf(token)).toBe('exchange');
      now += 29_000;
      expect(await callers.callerOf(token)).toBe('exchange');
      now += 7_000; // past the end and the tolerance for clocks
      expect(await callers.callerOf(token)).toBeNull();
    });

    it('uses one token for a callee until shortly before its end', async () => {
      let now = Date.now();
      const own = new OwnTokens(keysOf('exchange'), () => now);
      const first = await own.for('tokensets');
      now += 20_000;
      expect(await own.for('tokensets')).toBe(first);
      expect(await own.for('identity')).not.toBe(first);
      now += 6_000;
      expect(await own.for('tokensets')).not.toBe(first);
    });

    it('makes a new one after the clock was set back, for the old one begins in the future', async () => {
      let now = Date.now();
      const own = new OwnTokens(keysOf('exchange'), () => now);
      const callers = new CallerTokens(keysOf('tokensets'), () => now);
      await own.for('tokensets');
      now -= 3_600_000;
      expect(await callers.callerOf(await own.for('tokensets'))).toBe('exchange');
    });
  });

  it('takes a JSON array and nothing else', async () => {
    const token = await new OwnTokens(keysOf('exchange')).for('tokensets');
    const { status, body } = await post('tokensets', '/rpc/TokenVault/list', token, { personId: 'x' });
    expect([status, body.error?.code]).toEqual([400, 'invalid_call']);
  });
});
