import {
  type Answer,
  eventually,
  Installation,
  type Json,
  MY_ACCOUNT_SCOPE,
  myAccountToken,
  Scene,
  vaultForm,
} from './driver/index.js';

/** What a person is told of what was done for them, and what no request may go beyond. */
describe('receipts and limits', () => {
  const installation = Installation.fromEnvironment();
  afterAll(() => installation.close());

  let scene: Scene;
  let other: Scene;
  let tokens: Map<Scene, string>;
  beforeAll(async () => {
    scene = await Scene.create(installation);
    other = await scene.another();
    tokens = new Map();
    for (const one of [scene, other])
      tokens.set(
        one,
        await myAccountToken(
          installation,
          one.client,
          one.tokens.refreshToken,
          `${MY_ACCOUNT_SCOPE} update:me:connected_accounts read:me:receipts`,
        ),
      );
  });
  const as = (one: Scene) => ({ authorization: `Bearer ${tokens.get(one)!}` });
  const receipts = async (one: Scene, query = ''): Promise<Json> =>
    (await installation.http.send(`${installation.url}/me/v1/receipts${query}`, { headers: as(one) })).json;
  const list = (answer: Json) => answer['receipts'] as Json[];

  it('AD-11 connecting, exchanging, being refused and disconnecting leave a receipt each, with client and account', async () => {
    const { id } = await scene.connect();
    expect((await scene.exchange()).status).toBe(200);
    const pause = `${installation.url}/me/v1/connected-accounts/accounts/${id}/pauses/${scene.client.id}`;
    expect((await installation.http.send(pause, { method: 'PUT', headers: as(scene) })).status).toBe(204);
    expect((await scene.exchange()).status).toBe(403);
    expect((await scene.me('DELETE', `/accounts/${id}`)).status).toBe(204);

    const ofAccount = `?account=${id}&client_id=${scene.client.id}`;
    const told = await eventually(
      () => receipts(scene, ofAccount),
      (answer) => list(answer).length === 4,
    );
    const common = { client_id: scene.client.id, connection: scene.connection.name, account_id: id };
    // Contexts say what happened each for itself, and are heard in no order between them.
    const byTime = [...list(told)].sort((a, b) => (String(a['at']) < String(b['at']) ? -1 : 1));
    expect(byTime).toMatchObject([
      { ...common, type: 'connected' },
      { ...common, type: 'exchanged' },
      { ...common, type: 'refused', reason: 'paused_by_person' },
      { ...common, type: 'disconnected', reason: 'requested' },
    ]);
    expect(byTime.every((one) => typeof one['client_name'] === 'string')).toBe(true);
    const all = await eventually(
      () => receipts(scene),
      (answer) => list(answer).some(({ type }) => type === 'signed_in'),
    );
    expect(list(all).map(({ type }) => type)).toContain('signed_in');
    expect(list(await receipts(other, ofAccount))).toEqual([]);
    expect(list(await receipts(other)).filter(({ type }) => type !== 'signed_in')).toEqual([]);
  });

  describe('threats §9', () => {
    const OAUTH = { error: expect.any(String), error_description: expect.any(String) };
    const PROBLEM = { type: expect.any(String), title: expect.any(String), detail: expect.any(String) };
    const MANAGEMENT = { statusCode: expect.any(Number), error: expect.any(String), message: expect.any(String) };
    const refused = (answer: Answer, status: number, shape: Json) => {
      expect([answer.status, answer.json]).toEqual([status, expect.objectContaining(shape)]);
      expect(answer.headers['cache-control']).toContain('no-store');
    };

    /** An exchange that is right, so many bytes long. */
    async function exchangeOf(bytes: number): Promise<Answer> {
      const { client, connection } = other;
      const form = new URLSearchParams({
        ...vaultForm(connection.name, other.tokens.refreshToken),
        ...{ client_id: client.id, client_secret: client.secret },
      });
      for (let pad = 0; form.toString().length < bytes; pad++)
        form.set(`pad${pad}`, 'x'.repeat(Math.min(8000, bytes - form.toString().length - `&pad${pad}=`.length)));
      return installation.token(Object.fromEntries(form));
    }
    const jsonOf = (bytes: number) => ({ x: 'x'.repeat(bytes - '{"x":""}'.length) });

    it('a body is read up to what its API takes, and refused above it in its shape', async () => {
      await other.connect();
      expect((await exchangeOf(32 * 1024)).status).toBe(200);
      refused(await exchangeOf(32 * 1024 + 1), 413, OAUTH);
      refused(await other.me('POST', '/connect', jsonOf(64 * 1024)), 400, PROBLEM);
      refused(await other.me('POST', '/connect', jsonOf(64 * 1024 + 1)), 413, PROBLEM);
      refused(await installation.management('POST', '/clients', jsonOf(256 * 1024)), 400, MANAGEMENT);
      refused(await installation.management('POST', '/clients', jsonOf(256 * 1024 + 1)), 413, MANAGEMENT);
    });

    it('so is a head, a token, a name of every object and what is compressed', async () => {
      const { http, url } = installation;
      const long = `?x=${'x'.repeat(8 * 1024)}`;
      const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, '1']));
      const token = { authorization: `Bearer ${'x'.repeat(8 * 1024 + 1)}` };
      for (const [path, shape] of [
        ['/api/v2/clients', MANAGEMENT],
        ['/me/v1/receipts', PROBLEM],
        ['/oauth/token', OAUTH],
      ] as const) {
        refused(await http.send(`${url}${path}${long}`), 414, shape);
        refused(await http.send(`${url}${path}`, { headers: many }), 431, shape);
        refused(await http.send(`${url}${path}`, { headers: { x: 'x'.repeat(22 * 1024) } }), 431, shape);
        refused(await http.send(`${url}${path}`, { headers: token }), 400, shape);
        refused(await http.send(`${url}${path}?constructor=1`), 400, shape);
      }
      const { client, connection } = other;
      const form = { ...vaultForm(connection.name, 'x'.repeat(8 * 1024 + 1)), client_id: client.id };
      refused(await installation.token(form), 400, OAUTH);
      refused(await installation.token({ ...form, subject_token: 'x', __proto: '1', prototype: '1' }), 400, OAUTH);
      refused(await installation.token({ ...form, subject_token: 'x' }, { 'content-encoding': 'gzip' }), 415, OAUTH);
    });
  });
});
