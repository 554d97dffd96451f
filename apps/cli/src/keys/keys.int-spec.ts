import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { strongroom } from '../../test/terminal.js';

/** As much of an installation as the command sees; what a rotation does is shown by the product's own tests. */
describe('strongroom keys', () => {
  let server: Server;
  let url: string;
  const asked: string[] = [];
  /** What the list shows, one answer after the other; the last one stays. */
  let lists: object[][];
  let rekeyStatus: number;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const send = (status: number, body: unknown) =>
        response
          .writeHead(status, { 'content-type': 'application/json' })
          .end(body === null ? '' : JSON.stringify(body));
      const { method, url: path = '' } = request;
      if (path === '/oauth/token') return send(200, { access_token: 'cnry_token', token_type: 'Bearer' });
      asked.push(`${method} ${path}`);
      if (method === 'POST')
        return rekeyStatus === 204 ? send(204, null) : send(409, { statusCode: 409, message: 'a rotation is running' });
      return send(200, lists.length > 1 ? lists.shift() : lists[0]);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    asked.length = 0;
    rekeyStatus = 204;
    lists = [[key('primary')]];
  });

  const key = (state: string, more: object = {}) => ({
    kid: `kid-${state}`,
    context: 'tokensets',
    state,
    created_at: '2026-11-29T09:00:00.000Z',
    sealed: 12,
    remaining: 7,
    progress: 0,
    ...more,
  });
  const keys = (...parameters: string[]) =>
    strongroom(['keys', ...parameters], {
      STRONGROOM_PUBLIC_URL: url,
      STRONGROOM_MANAGEMENT_CLIENT_ID: 'mgmt',
      STRONGROOM_MANAGEMENT_CLIENT_SECRET: 'cnry_management_secret',
    });

  it('shows both rings, or the one that is asked for', async () => {
    const { code, text } = await keys('status');
    expect([code, asked]).toEqual([0, ['GET /api/v2/keys/encryption', 'GET /api/v2/keys/encryption/identity']]);
    expect(text).toMatch(/^tokensets {2}kid-primary {2}primary {5}made 2026-\S+ {2}sealed 12 {2}remaining 7$/m);
    expect((await keys('status', '--ring', 'identity')).text).toMatch(/^identity {2}kid-primary/);
  });

  it('starts a rotation and follows it to its end', async () => {
    lists = [
      [key('primary'), key('pre_active')],
      [key('retiring', { progress: 0.499 }), key('primary')],
      [key('retired', { remaining: 0, progress: 1 }), key('primary')],
    ];
    const { code, text } = await keys('rekey', '--ring', 'tokensets');
    expect([code, text.split('\n')]).toEqual([
      0,
      [
        'tokensets: a new key is made; the rotation goes on by itself',
        'tokensets: waiting until every process has the new key',
        'tokensets: kid-retiring 49 %, 7 records left',
        expect.stringMatching(/^tokensets: nothing is sealed under the old key/),
      ],
    ]);
    expect((await keys('rekey', '--no-wait')).text.split('\n')).toHaveLength(2);
  });

  it('says why there is no rotation', async () => {
    rekeyStatus = 409;
    const { code, text } = await keys('rekey');
    expect([code, text]).toEqual([1, 'strongroom: the ring of tokensets is not rotated: 409 a rotation is running']);
  });

  it('answers wrong use with 2', async () => {
    expect((await keys('status', '--ring', 'nobody')).code).toBe(2);
  });
});
