import { once } from 'node:events';
import { createServer, type IncomingMessage, request as requestOf } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenVault } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { clientAddress, clientCertificate, setSender } from '@strongroom/http';
import { clientOf, echoes, keysOf, listening, logger, urlOf } from '../test/pair.js';
import { type AnswersOtherGrants, type Offered, RpcServer } from './rpc-server.js';
import { OwnTokens, TOKEN_HEADER } from './service-tokens.js';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
const kept = <One extends { close(): Promise<unknown> }>(one: One): One => {
  open.push(() => one.close());
  return one;
};
const tokensets = async (offered?: Offered) => kept(await listening('tokensets', offered));
const vaultAt = (...urls: string[]) => kept(clientOf('exchange', { tokensets: urls })).port<TokenVault>('TokenVault');
const tokenFor = (callee: 'tokensets' | 'identity') => new OwnTokens(keysOf('exchange')).for(callee);

describe('a call that is refused', () => {
  const BODY = 'x'.repeat(2 * 1024 * 1024);
  const post = (url: string, body: string, token?: string) =>
    fetch(url, { method: 'POST', body, headers: token === undefined ? {} : { [TOKEN_HEADER]: token } });

  it.each(['/rpc/TokenVault/list', '/rpc/other-grants', '/rpc/no/thing', '/elsewhere'])(
    'S1 is asked for its token before its body is read: %s',
    async (path) => {
      const server = await tokensets(echoes('tokensets'));
      expect((await post(urlOf(server) + path, BODY)).status).toBe(401);
    },
  );

  it('S1 is 401 with a token that was good until its end', async () => {
    let now = Date.now();
    const options = { name: 'tokensets', keys: keysOf('tokensets'), logger, host: '127.0.0.1', port: 0 } as const;
    const server = kept(new RpcServer({ ...options, now: () => now }));
    await server.listen();
    server.serve(echoes('tokensets'));
    const token = await tokenFor('tokensets');
    const ask = async () => (await post(`${urlOf(server)}/rpc/TokenVault/list`, '[]', token)).status;
    expect(await ask()).toBe(200);
    now += 36_000;
    expect(await ask()).toBe(401);
  });

  it('S2 is refused to a caller who may not make it before its body is read', async () => {
    const server = await tokensets(echoes('tokensets'));
    const answer = await post(`${urlOf(server)}/rpc/SubjectTokens/validate`, BODY, await tokenFor('tokensets'));
    expect(answer.status).toBe(403);
  });

  it('is 413 to a caller who may make it, and sends more than a mebibyte', async () => {
    const server = await tokensets(echoes('tokensets'));
    const answer = await post(`${urlOf(server)}/rpc/TokenVault/list`, BODY, await tokenFor('tokensets'));
    expect(answer.status).toBe(413);
  });

  it('says when to come back, where the callee is still starting', async () => {
    const server = await tokensets();
    const answer = await post(`${urlOf(server)}/rpc/TokenVault/list`, '[]', await tokenFor('tokensets'));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('is made again where the callee has become ready in between, even if it must not be made twice', async () => {
    const [starting, ready] = [await tokensets(), await tokensets(echoes('tokensets'))];
    const vault = vaultAt(urlOf(starting), urlOf(ready));
    expect(await vault.redeem({} as never)).toBe('TokenVault.redeem');
    expect(await vault.redeem({} as never)).toBe('TokenVault.redeem');
  });

  it('is not taken for the callee’s answer, nor the callee’s own answer for a refusal', async () => {
    const server = await tokensets({
      ports: {
        TokenVault: {
          list: () => Promise.reject(new VaultError('no', { code: 'call_refused', status: 403 })),
        },
      },
    });
    await expect(vaultAt(urlOf(server)).list('p')).rejects.toMatchObject({ code: 'call_refused', status: 403 });
    const stranger = kept(clientOf('audit', { tokensets: [urlOf(server)] })).port<TokenVault>('TokenVault');
    await expect(stranger.list('p')).rejects.toMatchObject({ code: 'temporarily_unavailable', status: 503 });
  });

  it('takes turns between the addresses of a callee', async () => {
    const answering = (which: string) => ({ ports: { TokenVault: { list: async () => which } } });
    const [a, b] = [await tokensets(answering('a')), await tokensets(answering('b'))];
    const vault = vaultAt(urlOf(a), urlOf(b));
    const answers = [await vault.list('p'), await vault.list('p'), await vault.list('p'), await vault.list('p')];
    expect(answers.sort()).toEqual(['a', 'a', 'b', 'b']);
  });

  it('does not fail for calls at the same time, where one of two addresses is gone', async () => {
    const [gone, there] = [await listening('tokensets'), await tokensets(echoes('tokensets'))];
    const vault = vaultAt(urlOf(gone), urlOf(there));
    await gone.close();
    const all = await Promise.allSettled(Array.from({ length: 40 }, () => vault.accessToken({} as never)));
    expect(all.filter(({ status }) => status === 'rejected')).toEqual([]);
  });
});

describe('other grants', () => {
  /** What the public listener has worked out. */
  let said: Parameters<typeof setSender>[1] | null = null;
  beforeEach(() => (said = null));

  /** A public listener that hands everything on to an `identity` with this implementation. */
  async function front(otherGrants?: AnswersOtherGrants): Promise<string> {
    const server = kept(await listening('identity', otherGrants && { ports: {}, otherGrants }));
    const client = kept(clientOf('exchange', { identity: [urlOf(server)] }));
    const grants = client.otherGrants((error, response) => response.writeHead(error.status).end(error.code));
    const listener = createServer((request, response) => {
      const parts: Buffer[] = [];
      if (said) setSender(request, said);
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => void grants.answer(request, response, Buffer.concat(parts)));
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    open.push(() => {
      listener.closeAllConnections();
      listener.close();
    });
    return `http://127.0.0.1:${(listener.address() as AddressInfo).port}/oauth/token`;
  }

  it('are unavailable while identity is starting, and its refusal of the call is not shown', async () => {
    const answer = await fetch(await front(), { method: 'POST', body: 'a=b' });
    expect([answer.status, await answer.text()]).toEqual([503, 'temporarily_unavailable']);
  });

  it('are unavailable, and not waited for, where identity fails', async () => {
    const url = await front({ answer: () => Promise.reject(new Error('cnry_inner')) });
    const answer = await fetch(url, { method: 'POST', body: 'a=b' });
    expect([answer.status, await answer.text()]).toEqual([503, 'temporarily_unavailable']);
  });

  it('break off for the client where they break off', async () => {
    const url = await front({
      answer: async (_request, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{"access');
        throw new Error('cnry_inner');
      },
    });
    const answer = await fetch(url, { method: 'POST', body: 'a=b' });
    await expect(answer.text()).rejects.toThrow();
  });

  it('are answered with every header as often as it came, and with no body where there is none', async () => {
    const url = await front({
      answer: async (_request, response) => {
        response.setHeader('set-cookie', ['a=1', 'b=2']);
        response.writeHead(204, { date: 'Thu, 01 Jan 1970 00:00:00 GMT', 'x-one': 'ä' }).end();
      },
    });
    const sent = requestOf(url, { method: 'POST' }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    expect([answer.statusCode, answer.headers['set-cookie'], answer.headers['x-one'], answer.headers.date]).toEqual([
      204,
      ['a=1', 'b=2'],
      'ä',
      'Thu, 01 Jan 1970 00:00:00 GMT',
    ]);
  });

  it('GR-18 and EX-21 bring the address and certificate that the listener worked out, never what the client wrote', async () => {
    const seen: unknown[] = [];
    const url = await front({
      answer: async (request, response) => {
        const names = Object.keys(request.headers).filter((name) => name.startsWith('x-strongroom-client'));
        seen.push([clientAddress(request), clientCertificate(request)?.pem ?? null, names]);
        response.end();
      },
    });
    const own = { 'x-strongroom-client-address': '6.6.6.6', 'x-strongroom-client-certificate': 'cnry_certificate' };
    await fetch(url, { method: 'POST', body: 'a=b', headers: own });
    const pem = '-----BEGIN CERTIFICATE-----\ncnry+/=\n-----END CERTIFICATE-----\n';
    said = { address: '10.1.2.3', certificate: { pem } };
    await fetch(url, { method: 'POST', body: 'a=b', headers: own });
    expect(seen).toEqual([
      [null, null, []],
      ['10.1.2.3', pem, []],
    ]);
  });
});
