import {
  type Answer,
  createConnection,
  eventually,
  Installation,
  type Json,
  MY_ACCOUNT_SCOPE,
  myAccountToken,
  Scene,
  SHORT,
} from './driver/index.js';

const CONTEXTS = ['connections', 'connected-accounts', 'tokensets', 'exchange', 'identity', 'audit'];

/** What becomes of accounts once they are connected, as people, apps and administrators see it. */
describe('connected accounts', () => {
  const installation = Installation.fromEnvironment();
  afterAll(() => installation.close());

  const refused = ({ status, json }: Answer) => [status, json['error'], (json['error_details'] as Json)?.['reason']];
  const owner = async (scene: Scene, hint: Record<string, string> = {}): Promise<string | null> => {
    const answer = await scene.exchange(hint);
    if (answer.status !== 200) throw new Error(`exchange answered ${answer.status}: ${answer.text}`);
    return scene.provider.owner(String(answer.json['access_token']));
  };
  const userPath = (scene: Scene, ...rest: string[]) =>
    [`/users/${encodeURIComponent(scene.person.userId)}`, ...rest].join('/');

  it('AC-07 AD-07 MG-03 leave every list when they are disconnected, and come back as new ones', async () => {
    const scene = await Scene.create(installation);
    const [first, second] = [await scene.connect('person-1'), await scene.connect('person-2')];
    const path = userPath(scene, 'connected-accounts');
    const shown = await installation.management('GET', `${path}?take=50`);
    expect(shown.status).toBe(200);
    expect(shown.json).toEqual({
      connected_accounts: [first, second].map(({ id }) => ({
        ...{ id, connection: scene.connection.name, connection_id: scene.connection.id, strategy: 'oauth2' },
        ...{ access_type: 'offline', scopes: ['read', 'write'], created_at: expect.any(String) as string },
      })),
    });
    expect((await scene.me('DELETE', `/accounts/${first.id}`)).status).toBe(204);
    const idsIn = async (list: string) =>
      ((await installation.management('GET', path)).json[list] as Json[]).map(({ id }) => id);
    expect((await scene.accounts()).map(({ id }) => id)).toEqual([second.id]);
    expect(await idsIn('connected_accounts')).toEqual([second.id]);
    const tokensets = userPath(scene, 'federated-connections-tokensets');
    const left = async (): Promise<[number, number]> => [
      (await installation.management('GET', tokensets)).list.length,
      ((await installation.management('GET', userPath(scene))).json['connected_accounts'] as Json[]).length,
    ];
    expect(await eventually(left, ([one, other]) => one === 1 && other === 1)).toEqual([1, 1]);
    const again = await scene.connect('person-1');
    expect(await idsIn('connected_accounts')).toEqual([second.id, again.id]);
    expect(again.id).not.toBe(first.id);

    for (const { id } of [second, again])
      expect((await installation.management('DELETE', `${path}/${id}`)).status).toBe(204);
    expect(refused(await scene.exchange())).toEqual([
      ...[401, 'federated_connection_refresh_token_not_found', 'tokenset_not_found'],
    ]);
    expect(await scene.accounts()).toEqual([]);
  });

  it('AC-02 AC-04 AC-05 AC-06 are listed as asked, and are nobody else’s', async () => {
    const scene = await Scene.create(installation);
    const { name } = scene.connection;
    const { id } = await scene.connect();
    const ids = async (query: string) =>
      ((await scene.me('GET', `/accounts?${query}`)).json['accounts'] as Json[]).map((one) => one['id']);
    expect(await ids(`connection=${name}&connection=other&take=20`)).toEqual([id]);
    expect(await ids('connection=other')).toEqual([]);
    for (const take of [0, 21]) expect((await scene.me('GET', `/accounts?take=${take}`)).status).toBe(400);

    const stranger = await scene.another();
    const foreign = await stranger.me('DELETE', `/accounts/${id}`);
    const absent = await stranger.me('DELETE', `/accounts/cac_${'0'.repeat(id.length - 4)}`);
    expect([foreign.status, absent.status, absent.text]).toEqual([404, 404, foreign.text]);
    expect((await stranger.me('DELETE', '/accounts/nothing')).status).toBe(400);

    const url = `${installation.url}/me/v1/connected-accounts`;
    const headers = { authorization: `Bearer ${scene.myAccount}`, 'content-type': 'application/json' };
    const off = await createConnection(installation, { clients: [scene.client] });
    await installation.manage('PATCH', `/connections/${off.id}`, { connected_accounts: { active: false } });
    await createConnection(installation, { clients: [] });
    const listed = await installation.http.send(`${url}/connections`, { headers });
    expect([listed.status, listed.json['connections']]).toEqual([200, [expect.objectContaining({ name })]]);
    expect((listed.json['connections'] as Json[])[0]).toMatchObject({ strategy: 'oauth2' });
    expect(await ids('take=1')).toEqual([id]);
    expect((await installation.http.send(`${url}/accounts/${id}`, { method: 'DELETE', headers })).status).toBe(204);
  });

  it.each(['from', 'next'])('AC-01 are walked by pages, 25 of them, with %s', async (name) => {
    const many = await manyAccounts();
    const seen: unknown[] = [];
    const lengths: number[] = [];
    let query = '?take=10';
    while (query && lengths.length < 5) {
      const { json } = await many.scene.me('GET', `/accounts${query}`);
      const page = json['accounts'] as Json[];
      lengths.push(page.length);
      seen.push(...page.map(({ id }) => id));
      query = 'next' in json ? `?take=10&${name}=${encodeURIComponent(String(json['next']))}` : '';
    }
    expect(lengths).toEqual([10, 10, 5]);
    expect(seen).toEqual(many.ids);
  });
  let connected: Promise<{ scene: Scene; ids: string[] }> | undefined;
  /** Made once: each takes a flow of its own. */
  const manyAccounts = () =>
    (connected ??= (async () => {
      const scene = await Scene.create(installation);
      const ids: string[] = [];
      for (let n = 0; n < 25; n++) ids.push((await scene.connect(`person-${n}`)).id);
      return { scene, ids };
    })());

  it('CN-23 CN-24 CN-25 CO-19 are the same only for the same person here and at the provider', async () => {
    const scene = await Scene.create(installation);
    const first = await scene.connect('person-1');
    const before = (await scene.exchange()).json['access_token'];
    expect((await scene.connect('person-1')).id).toBe(first.id);
    expect((await scene.exchange()).json['access_token']).not.toBe(before);
    const second = await scene.connect('person-2');
    // Another person there who has the first one's e-mail.
    const twin = { sub: 'person-3', email: 'person-1@people.example', email_verified: true, name: 'Twin' };
    await scene.provider.fault({ phase: 'identity', status: 200, body: twin });
    const third = await scene.connect('person-3');
    expect(new Set([first.id, second.id, third.id]).size).toBe(3);

    const pinned = scene.flow({ connected_account_id: first.id });
    await pinned.begin();
    await pinned.throughBrowser('person-2');
    const bob = await scene.another();
    const bobs = bob.flow();
    await bobs.begin();
    await bobs.throughBrowser('person-1');
    for (const answer of [await pinned.complete(), await bobs.complete()])
      expect([answer.status, answer.json['type']]).toEqual([409, 'https://auth0.com/api-errors/A0E-409-0001']);
    expect(await bob.accounts()).toEqual([]);
    expect((await scene.accounts()).map(({ id }) => id)).toEqual([first.id, second.id, third.id]);
    for (const [login_hint, person] of [
      ...[[first.id, 'person-1'] as const, [second.id, 'person-2'] as const, [third.id, 'person-3'] as const],
    ])
      expect(await owner(scene, { login_hint })).toBe(person);
  });

  it('CN-26 CN-27 say at once what is missing, and keep what they had', async () => {
    const scene = await Scene.create(installation, { provider: { auto: 'partial' } });
    const flow = scene.flow({ scopes: ['read', 'send'] });
    await flow.begin();
    await flow.throughBrowser();
    expect((await flow.complete()).json).toMatchObject({ scopes: ['read'], missing_scopes: ['send'] });
    expect(await scene.accounts()).toMatchObject([{ scopes: ['read'], missing_scopes: ['send'] }]);
    await scene.provider.change({ auto: 'accept' });
    const more = scene.flow({ scopes: ['send'] });
    await more.begin();
    const consent = (await more.open()).page!;
    expect(consent.words).toMatch(/send \(new\)/);
    expect(consent.words).not.toMatch(/read \(new\)/);
    const back = await more.accept(consent);
    more.connectCode = back.url.searchParams.get('connect_code') ?? '';
    const done = (await more.complete()).json;
    expect((done['scopes'] as string[]).toSorted()).toEqual(['read', 'send']);
    expect(done).not.toHaveProperty('missing_scopes');

    // A reconnect that brings no refresh token leaves the one that is there; a first connect has none.
    await scene.provider.change({ issueRefreshToken: false });
    expect((await scene.connect()).id).toBe(done['id']);
    expect((await scene.accounts())[0]).not.toHaveProperty('warnings');
    const bob = await scene.another();
    await scene.provider.change({ person: 'person-2' });
    await bob.connect();
    expect(await bob.accounts()).toMatchObject([
      { warnings: ['no_refresh_token'], access_type: 'offline', expires_at: expect.stringMatching(/Z$/) as string },
    ]);
  });

  it('CN-36 hand out nothing after they were disconnected while a refresh was in flight', async () => {
    const scene = await Scene.create(installation, {
      provider: { ...SHORT, refresh: { rotate: 'always', reuse: 'reject' } },
    });
    const { id } = await scene.connect();
    await scene.provider.fault({ grantType: 'refresh_token', delayMsAfterCommit: 2000 });
    // What it came with, and what a slow disconnect lets come, is handed out until its second is over.
    const exchanging = eventually(
      () => scene.exchange(),
      ({ status }) => status !== 200,
    );
    const committed = async () => (await scene.provider.state()).committed.refresh_token;
    expect(await eventually(committed, (count) => count > 0)).toBeGreaterThan(0);
    expect((await scene.me('DELETE', `/accounts/${id}`)).status).toBe(204);
    const missing = [401, 'federated_connection_refresh_token_not_found', 'tokenset_not_found'];
    expect(refused(await scene.exchange())).toEqual(missing);
    expect((await exchanging).status).not.toBe(200);
    expect(refused(await scene.exchange())).toEqual(missing);
    expect((await installation.management('GET', userPath(scene, 'federated-connections-tokensets'))).list).toEqual([]);
  });

  describe('a person’s own wishes', () => {
    const scope = `${MY_ACCOUNT_SCOPE} update:me:connected_accounts`;
    const twoAccounts = async () => {
      const scene = await Scene.create(installation);
      const token = await myAccountToken(installation, scene.client, scene.tokens.refreshToken, scope);
      const me = (method: string, path: string, body?: unknown) => installation.me(token, method, path, body);
      const [one, two] = [await scene.connect('person-1'), await scene.connect('person-2')];
      const pause = (method: 'PUT' | 'DELETE', account = one.id, client = scene.client.id) =>
        me(method, `/accounts/${account}/pauses/${client}`);
      return { scene, me, one, two, pause };
    };

    it('AD-09 are labels that an exchange goes by, and details that others do not see', async () => {
      const { scene, me, one, two } = await twoAccounts();
      const details = async () => (await me('GET', '/accounts?details=true')).json['accounts'] as Json[];
      const given = (await details()).map(({ label }) => label);
      expect(await details()).toMatchObject([
        { id: one.id, status: 'connected', reason: null, last_used_at: null, paused_clients: [] },
        { id: two.id, status: 'connected' },
      ]);
      const named = await me('PATCH', `/accounts/${one.id}`, { label: 'Work' });
      expect([named.status, named.json['label'], named.json['id']]).toEqual([200, 'Work', one.id]);
      expect(await owner(scene, { login_hint: 'Work' })).toBe('person-1');
      const taken = await me('PATCH', `/accounts/${two.id}`, { label: 'Work' });
      expect([taken.status, taken.json['type']]).toEqual([409, 'https://auth0.com/api-errors/A0E-409-0001']);
      expect((await scene.connect('person-1')).id).toBe(one.id);
      expect((await details()).map(({ label }) => label)).toEqual(['Work', given[1]]);

      expect((await me('PATCH', `/accounts/${one.id}`, { label: null })).json['label'] ?? null).toBe(given[0]);
      expect(refused(await scene.exchange({ login_hint: 'Work' }))[0]).not.toBe(200);
      const bob = await scene.another();
      const bobs = await myAccountToken(installation, scene.client, bob.tokens.refreshToken, scope);
      for (const id of [one.id, 'cac_nothing'])
        expect((await installation.me(bobs, 'PATCH', `/accounts/${id}`, { label: 'x' })).status).toBe(404);
      expect((await scene.me('PATCH', `/accounts/${one.id}`, { label: 'x' })).json['type']).toMatch(/A0E-403-0002$/);
    });

    it('AD-10 are pauses that hold from the answer on, through a reconnect, and for that client alone', async () => {
      const { scene, me, one, pause } = await twoAccounts();
      const hint = { login_hint: one.id };
      expect(await owner(scene, hint)).toBe('person-1');
      expect((await pause('PUT')).status).toBe(204);
      const paused = await scene.exchange(hint);
      expect(refused(paused)).toEqual([403, 'access_denied', 'paused_by_person']);
      expect((paused.json['error_details'] as Json)['account']).toMatchObject({ id: one.id });
      expect((await pause('PUT')).status).toBe(204);
      // Still counted when an account is chosen, so that no pause leads to another mailbox.
      expect(refused(await scene.exchange())[2]).toBe('account_ambiguous');
      expect(await owner(scene, { login_hint: 'person-2' })).toBe('person-2');
      expect((await scene.connect('person-1')).id).toBe(one.id);
      expect(refused(await scene.exchange(hint))[2]).toBe('paused_by_person');
      expect((await me('GET', '/accounts?details=true')).json['accounts']).toMatchObject([
        { id: one.id, paused_clients: [scene.client.id] },
        { paused_clients: [] },
      ]);
      for (let n = 0; n < 2; n++) expect((await pause('DELETE')).status).toBe(204);
      expect(await owner(scene, hint)).toBe('person-1');
      expect((await pause('PUT', one.id, 'somebody-else')).status).toBe(204);
      expect(await owner(scene, hint)).toBe('person-1');
    });
  });

  it('AD-14 each context shows its own parked events, and nobody knows another', async () => {
    for (const context of CONTEXTS) {
      const { status, json } = await installation.management('GET', `/events/${context}/parked`);
      expect([context, status, json['parked']]).toEqual([context, 200, expect.any(Array) as unknown[]]);
    }
    expect((await installation.management('GET', '/events/nowhere/parked')).status).toBe(404);
  });
});
