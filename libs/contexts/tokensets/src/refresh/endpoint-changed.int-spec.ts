import { Bench, refusal } from '../../test/bench.js';
import { HttpsWorld } from '../../test/https-world.js';
import { madeUpCatalogue } from '../../test/made-up-catalogue.js';

/** `spec/threats.md` M3: whoever may edit a connection must not have tokens sent to himself. */
describe('a connection whose token endpoint', () => {
  let world: HttpsWorld;
  let bench: Bench;

  beforeAll(async () => {
    world = await HttpsWorld.start(['old.example', 'new.example', 'thief.example']);
    bench = await Bench.start({}, { egress: world.egress, catalogue: await catalogue('old.example') });
  });
  afterAll(async () => {
    await bench.stop();
    await world.stop();
  });
  beforeEach(async () => {
    world.issue();
    await startWith('old.example');
    world.server.calls.length = 0;
  });

  /** As it is shipped when the provider's token endpoint is at this host. */
  const catalogue = (host: string, former: readonly string[] = []) =>
    madeUpCatalogue({
      tool: {
        endpoints: {
          authorization: world.at(host, '/authorize'),
          token: world.at(host, '/token'),
          ...(former.length > 0 ? { formerTokenOrigins: former.map((one) => world.at(one, '')) } : {}),
        },
        identity: { subject: ['token#/user'] },
        refresh: { mode: 'optional' },
      },
    });
  const startWith = async (host: string, former?: readonly string[]) => {
    await bench.app.close();
    bench.catalogue = await catalogue(host, former);
    await bench.boot();
  };
  async function connected() {
    world.issue(() => ({ user: Math.random().toString() }));
    const connectionId = await bench.connection({}, { strategy: 'tool', options: { client_id: 'upstream-client' } });
    const personId = bench.person();
    const asked = await bench.redeemRequest(personId, connectionId);
    const { tokensetId, accountId } = await bench.vault.redeem(asked);
    world.server.calls.length = 0;
    return { personId, connectionId, tokensetId, accountId };
  }
  const edit = (connectionId: string, options: Record<string, unknown>, tokenOrigin?: string) => {
    const view = bench.directory.views.get(connectionId)!;
    Object.assign(view, { options: { ...view.options, ...options }, ...(tokenOrigin ? { tokenOrigin } : {}) });
  };
  const settings = (endpoints: object) => ({ provider_settings: { endpoints } });

  const thief = () => world.at('thief.example', '');
  const unchanged = () => undefined;
  const edits: [string, () => Record<string, unknown>, () => string | undefined][] = [
    ['is patched', () => ({ tokenURL: `${thief()}/token` }), thief],
    ['is changed in the database alone', () => ({ tokenURL: `${thief()}/token` }), unchanged],
    ['is patched in the settings', () => settings({ token: `${thief()}/token` }), thief],
    ['gets a sibling for refreshes', () => settings({ refresh: `${thief()}/token` }), unchanged],
    [
      'is patched, and the old host is called its former one',
      () => settings({ token: `${thief()}/token`, formerTokenOrigins: [world.at('old.example', '')] }),
      thief,
    ],
  ];
  it.each(edits)('M3 %s gets nothing: no fresh token, no refresh', async (_, options, origin) => {
    for (const isExpired of [false, true]) {
      const account = await connected();
      if (isExpired) await bench.expire(account);
      edit(account.connectionId, options(), origin());
      expect(await refusal(bench.token(account))).toMatchObject({
        status: 401,
        details: { cause: 'endpoint_changed', connect: { body: { connected_account_id: account.accountId } } },
      });
      expect(await bench.row(account)).toMatchObject({ reason: 'endpoint_changed', refresh_sealed: null });
      expect(world.hosts()).toEqual([]);
    }
  });

  it('M3 is patched under the name of a provider that has moved gets nothing either', async () => {
    const account = await connected();
    await bench.expire(account);
    await startWith('new.example', ['old.example']);
    edit(account.connectionId, {
      provider: 'tool',
      tokenURL: `${thief()}/token`,
      ...settings({ token: `${thief()}/token` }),
    });
    expect(await refusal(bench.token(account))).toMatchObject({ details: { cause: 'endpoint_changed' } });
    expect(world.hosts()).toEqual([]);
  });

  it('is moved by the catalogue serves what it has, and binds it anew with the next refresh', async () => {
    const account = await connected();
    await startWith('new.example', ['old.example']);
    expect(await bench.token(account)).toMatchObject({ accessToken: 'cnry_at_1', refreshed: false });
    expect(world.hosts()).toEqual([]);
    await bench.expire(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
    expect(world.hosts()).toEqual(['new.example']);
    expect(await bench.row(account)).toMatchObject({ token_origin: world.at('new.example', ''), cred_version: 2 });
    await startWith('new.example');
    await bench.expire(account, -3000);
    expect((await bench.token(account))?.refreshed).toBe(false);
    await bench.expire(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
  });

  it('is moved by the catalogue keeps an account that connects again', async () => {
    const account = await connected();
    await startWith('new.example', ['old.example']);
    const { user } = (
      await bench.sql.query<{ user: string }>('SELECT provider_subject AS user FROM tokensets WHERE id = $1', [
        account.tokensetId,
      ])
    ).rows[0]!;
    world.issue(() => ({ user, refresh_token: null }));
    const again = await bench.redeemRequest(account.personId, account.connectionId);
    expect(await bench.vault.redeem(again)).toMatchObject({ accountId: account.accountId, hasRefreshToken: true });
    expect(await bench.row(account)).toMatchObject({ token_origin: world.at('new.example', ''), cred_version: 2 });
    await bench.expire(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
  });

  it('is moved by the catalogue without a word of the old one asks for a new connect', async () => {
    const account = await connected();
    await startWith('new.example');
    expect(await refusal(bench.token(account))).toMatchObject({ details: { cause: 'endpoint_changed' } });
    expect(world.hosts()).toEqual([]);
  });

  it('has moved is repaired by the same person, and is nobody else’s account', async () => {
    const first = await connected();
    await bench.sql.query(`UPDATE tokensets SET provider_subject = '5' WHERE id = $1`, [first.tokensetId]);
    edit(first.connectionId, settings({ token: world.at('new.example', '/token') }), world.at('new.example', ''));
    await refusal(bench.token(first));
    world.issue(() => ({ user: '5' }));
    // The new server calls another person by the same number.
    const other = await bench.redeemRequest(bench.person(), first.connectionId);
    const theirs = await bench.vault.redeem(other);
    expect(theirs).toMatchObject({ reconnected: false });
    expect(theirs.accountId).not.toBe(first.accountId);
    const back = () => bench.redeemRequest(first.personId, first.connectionId, { pinnedAccountId: first.accountId });
    expect(await refusal(bench.vault.redeem(await back()))).toMatchObject({ code: 'account_conflict' });
    await bench.vault.delete({ ...other, accountId: theirs.accountId, reason: 'requested', actor: { kind: 'system' } });
    expect(await bench.vault.redeem(await back())).toMatchObject({ accountId: first.accountId, reconnected: true });
    expect(await bench.row(first)).toMatchObject({
      status: 'active',
      provider_issuer: `new.example:${world.server.port}`,
    });
    expect((await bench.token(first))?.accessToken).toMatch(/^cnry_at_/);
  });
});
