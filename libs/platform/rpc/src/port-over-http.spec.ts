import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bearer, type People, type TokenVault } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { clientOf, echoes, keysOf, listening, urlOf } from '../test/pair.js';
import { Callee } from './callee.js';
import { OwnTokens, TOKEN_HEADER } from './service-tokens.js';

describe('a port over HTTP', () => {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  const kept = <One extends { close(): Promise<unknown> }>(one: One): One => {
    open.push(one);
    return one;
  };
  const serving = async (implementation: Partial<TokenVault>) => {
    const server = kept(await listening('tokensets', { ports: { TokenVault: implementation } }));
    return kept(clientOf('exchange', { tokensets: [urlOf(server)] })).port<TokenVault>('TokenVault');
  };

  it('hands over parameters and result as they are', async () => {
    const asked: unknown[] = [];
    const vault = await serving({
      accessToken: async (wanted) => {
        asked.push(wanted);
        return null;
      },
      list: async () => [{ tokensetId: 'ts_1', scopes: ['ä'], expiresAt: null }] as never,
    });
    const wanted = { personId: 'p', hint: null, scopes: ['a b'], mayRefresh: false };
    expect(await vault.accessToken(wanted as never)).toBeNull();
    expect(asked).toEqual([wanted]);
    expect(await vault.list('p')).toEqual([{ tokensetId: 'ts_1', scopes: ['ä'], expiresAt: null }]);
  });

  it('hands over nothing as null', async () => {
    const vault = await serving({ redeemed: async () => undefined as never });
    expect(await vault.redeemed('cs_1')).toBeNull();
  });

  it('throws what the other side threw: code, status, message, details, time to wait, audit', async () => {
    const thrown = new VaultError('connect the account', {
      code: 'federated_connection_refresh_token_not_found',
      status: 401,
      details: { reason: 'tokenset_not_found', account: { id: 'cac_1' } },
      retryAfter: 7,
      audit: { clientId: 'c', personId: null },
      cause: new Error('cnry_cause'),
    });
    const vault = await serving({ accessToken: () => Promise.reject(thrown) });
    const caught = (await vault.accessToken({} as never).catch((error: unknown) => error)) as VaultError;
    expect(caught).toBeInstanceOf(VaultError);
    const { code, status, message, details, retryAfter, audit } = thrown;
    expect(caught).toMatchObject({ code, status, message, details, retryAfter, audit });
    expect(caught.cause).toBeUndefined();
  });

  const isAway = { code: 'temporarily_unavailable', status: 503, retryAfter: 2 };

  it.each([
    ['a connection that is refused', Object.assign(new Error('cnry_host'), { code: 'ECONNREFUSED' })],
    ['a database that stops', Object.assign(new Error('query'), { driverError: { code: '57P01' } })],
    ['a connection that broke', new Error('Connection terminated unexpectedly')],
  ])('says 503 of a store behind the other side that is away: %s', async (_, thrown) => {
    const vault = await serving({ list: () => Promise.reject(thrown) });
    const caught = (await vault.list('p').catch((error: unknown) => error)) as VaultError;
    expect(caught).toMatchObject({ ...isAway, details: { reason: 'store_unavailable' } });
    expect(caught.message).not.toContain('cnry_');
  });

  it('says nothing of an error that is none of ours', async () => {
    const vault = await serving({ list: () => Promise.reject(new Error('cnry_inner')) });
    const caught = (await vault.list('p').catch((error: unknown) => error)) as VaultError;
    expect([caught.code, caught.status]).toEqual(['server_error', 500]);
    expect(JSON.stringify(caught) + caught.message).not.toContain('cnry_');
  });

  it('says 503 where nobody listens, where nobody is ready, and where the answer makes no sense', async () => {
    const closed = await listening('tokensets');
    const url = urlOf(closed);
    await closed.close();
    const nobody = kept(clientOf('exchange', { tokensets: [url] })).port<TokenVault>('TokenVault');
    await expect(nobody.list('p')).rejects.toMatchObject(isAway);

    const starting = kept(await listening('tokensets'));
    const early = kept(clientOf('exchange', { tokensets: [urlOf(starting)] })).port<TokenVault>('TokenVault');
    await expect(early.list('p')).rejects.toMatchObject(isAway);

    const nonsense = await strange((_request, response) => response.end('<html>'));
    await expect(nonsense.list('p')).rejects.toMatchObject(isAway);
  });

  /** The vault behind a server that is none of ours. */
  async function strange(answer: (request: IncomingMessage, response: ServerResponse) => void) {
    const server: Server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    kept({
      close: async () => {
        server.closeAllConnections();
        server.close();
      },
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return kept(clientOf('exchange', { tokensets: [url] })).port<TokenVault>('TokenVault');
  }

  it('repeats what may be repeated when a connection breaks, and nothing else', async () => {
    let calls = 0;
    const breaking = await strange((request) => {
      calls++;
      request.socket.destroy();
    });
    await expect(breaking.list('p')).rejects.toMatchObject(isAway);
    expect(calls).toBe(2);
    calls = 0;
    await expect(breaking.redeem({} as never)).rejects.toMatchObject(isAway);
    await expect(breaking.delete({} as never)).rejects.toMatchObject(isAway);
    expect(calls).toBe(2); // once each
  });

  it('goes to the other address where one does not answer', async () => {
    const [gone, there] = [await listening('tokensets'), kept(await listening('tokensets', echoes('tokensets')))];
    const urls = [urlOf(gone), urlOf(there)];
    await gone.close();
    const vault = kept(clientOf('exchange', { tokensets: urls })).port<TokenVault>('TokenVault');
    for (let i = 0; i < 4; i++) expect(await vault.accessToken({} as never)).toBe('TokenVault.accessToken');
  });

  it('waits no longer than its deadline', async () => {
    const silent = createTcpServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const callee = kept(new Callee('tokensets', [url], new OwnTokens(keysOf('exchange')), undefined));
    const about = { callers: [], deadlineMs: 100, isRepeatable: true };
    await expect(callee.call('/rpc/TokenVault/list', [], about)).rejects.toMatchObject(isAway);
    silent.close();
  });

  it('lets a call in hand end when the server closes, and takes no other', async () => {
    let begun!: () => void;
    const inHand = new Promise<void>((resolve) => (begun = resolve));
    let finish!: () => void;
    const held = new Promise<void>((resolve) => (finish = resolve));
    const server = await listening('tokensets', {
      ports: {
        TokenVault: {
          list: async () => {
            begun();
            await held;
            return ['done'];
          },
        },
      },
    });
    const url = urlOf(server);
    const vault = kept(clientOf('exchange', { tokensets: [url] })).port<TokenVault>('TokenVault');
    const call = vault.list('p');
    await inHand;
    const closing = server.close();
    const late = kept(clientOf('identity', { tokensets: [url] })).port<TokenVault>('TokenVault');
    await sleep(20);
    await expect(late.list('p')).rejects.toMatchObject(isAway);
    finish();
    expect(await call).toEqual(['done']);
    await closing;
  });

  it('answers a quick call while hundreds wait for slow ones', async () => {
    let finish!: () => void;
    const held = new Promise<void>((resolve) => (finish = resolve));
    const slow = { accessToken: () => held.then(() => null), list: async () => [] };
    const vault = await serving(slow);
    const waiting = Array.from({ length: 300 }, () => vault.accessToken({} as never));
    expect(await vault.list('p')).toEqual([]);
    finish();
    await Promise.all(waiting);
  });

  it('goes on with the work of a caller who has left', async () => {
    let ended = false;
    let begun!: () => void;
    const inHand = new Promise<void>((resolve) => (begun = resolve));
    const server = kept(
      await listening('identity', {
        ports: {
          People: {
            get: async () => {
              begun();
              await sleep(100);
              ended = true;
              return null;
            },
          },
        },
      }),
    );
    const client = clientOf('tokensets', { identity: [urlOf(server)] });
    const call = client.port<People>('People').get('p');
    await inHand;
    await client.close();
    await expect(call).rejects.toMatchObject(isAway);
    while (!ended) await sleep(10);
  });

  it('does not exist for a service whose address is not set', () => {
    const client = kept(clientOf('audit', {}));
    expect(() => client.port<Bearer>('Bearer')).toThrow(/STRONGROOM_IDENTITY_RPC_URL is not set/);
  });

  it('passes other grants on byte for byte, and their answers back', async () => {
    const seen: { headers: IncomingMessage['headers']; url: string | undefined; body: Buffer }[] = [];
    const otherGrants = {
      answer: async (request: IncomingMessage, response: ServerResponse, body: Buffer) => {
        seen.push({ headers: request.headers, url: request.url, body });
        response.writeHead(401, { 'www-authenticate': ['Basic', 'DPoP'], 'content-type': 'application/json' });
        response.end('{"error":"invalid_client"}');
      },
    };
    const server = kept(await listening('identity', { ports: {}, otherGrants }));
    const client = kept(clientOf('exchange', { identity: [urlOf(server)] }));
    const grants = client.otherGrants((error, response) => response.writeHead(error.status).end(error.code));
    const bytes = Buffer.from('grant_type=client_credentials&x=%C3%A4&x=+&\u00ff', 'latin1');
    const front = createServer((request, response) => {
      void (async () => {
        const parts: Buffer[] = [];
        for await (const part of request) parts.push(part as Buffer);
        await grants.answer(request, response, Buffer.concat(parts));
      })();
    }).listen(0, '127.0.0.1');
    await once(front, 'listening');
    const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}/oauth/token`;
    const form = { 'content-type': 'application/x-www-form-urlencoded; charset=x' };
    const headers = {
      ...form,
      authorization: 'Basic Y25yeV86',
      dpop: '', // a proof that is none, and not none that was sent
      [TOKEN_HEADER]: 'forged',
      'x-forwarded-for': '1.2.3.4',
    };
    const answer = await fetch(url, { method: 'POST', headers, body: bytes });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Basic, DPoP');
    expect(await answer.text()).toBe('{"error":"invalid_client"}');
    expect(seen[0]!.body.equals(bytes)).toBe(true);
    expect(seen[0]!.url).toBe('/oauth/token');
    expect(seen[0]!.headers).toMatchObject({
      ...{ authorization: 'Basic Y25yeV86', dpop: '', 'content-type': form['content-type'] },
    });
    expect(seen[0]!.headers[TOKEN_HEADER]).toBeUndefined();
    expect(seen[0]!.headers['x-forwarded-for']).toBeUndefined();
    await server.close();
    const away = await fetch(url, { method: 'POST', headers, body: bytes });
    expect([away.status, await away.text()]).toEqual([503, 'temporarily_unavailable']);
    front.closeAllConnections();
    front.close();
  });
});
