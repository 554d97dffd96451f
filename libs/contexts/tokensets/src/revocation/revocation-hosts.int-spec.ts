import { HttpsWorld } from '../../test/https-world.js';
import { madeUpCatalogue } from '../../test/made-up-catalogue.js';
import { RevokingBench } from '../../test/revoking-bench.js';

/** `spec/threats.md` M3: whoever may edit a connection must not have tokens of deleted tokensets sent to himself. */
describe('M3 a token that is to be revoked', () => {
  let world: HttpsWorld;
  let revoking: RevokingBench;

  beforeAll(async () => {
    world = await HttpsWorld.start(['tool.example', 'api.tool.example', 'thief.example']);
    const catalogue = await madeUpCatalogue({
      tool: {
        endpoints: {
          authorization: world.at('tool.example', '/authorize'),
          token: world.at('tool.example', '/token'),
        },
        identity: { subject: ['token#/user'] },
        refresh: { mode: 'optional' },
        revocation: { support: 'rfc7009', url: world.at('api.tool.example', '/revoke') },
      },
    });
    revoking = await RevokingBench.start({}, { egress: world.egress, catalogue });
  });
  afterAll(async () => {
    await revoking.bench.stop();
    await world.stop();
  });
  beforeEach(async () => {
    await revoking.reset();
    world.issue(() => ({ user: Math.random().toString() }));
    revokes(200);
  });

  async function connected(options: object = {}) {
    const { bench } = revoking;
    const base = { client_id: 'upstream-client', revoke_on_delete: true, ...options };
    const connectionId = await bench.connection({}, { strategy: 'tool', options: base });
    const personId = bench.person();
    const redeemed = await bench.vault.redeem(await bench.redeemRequest(personId, connectionId));
    world.server.calls.length = 0;
    return { personId, connectionId, tokensetId: redeemed.tokensetId, accountId: redeemed.accountId };
  }
  const thief = (path: string) => world.at('thief.example', path);
  const calls = () => world.server.calls.length;
  const revokes = (status: number) => void (world.server.routes['/revoke'] = () => ({ status, body: {} }));

  it('goes to another host where the catalogue has its endpoint there', async () => {
    const account = await connected();
    await revoking.disconnect(account);
    await revoking.work();
    expect(world.hosts()).toEqual(['api.tool.example']);
    expect(await revoking.record(account)).toMatchObject({ outcome: 'revoked', attempts: 1 });
  });

  const edits: [string, () => Record<string, unknown>][] = [
    ['token endpoint', () => ({ tokenURL: thief('/token') })],
    ['endpoint for refreshes', () => ({ provider_settings: { endpoints: { refresh: thief('/token') } } })],
    ['revocation endpoint', () => ({ provider_settings: { revocation: { url: thief('/revoke') } } })],
    [
      'revocation and token endpoint',
      () => ({
        provider_settings: {
          endpoints: { token: thief('/token'), formerTokenOrigins: [world.at('tool.example', '')] },
          revocation: { url: thief('/revoke') },
        },
      }),
    ],
  ];
  it.each(edits)('never reaches a host that the %s was moved to before the deletion', async (_, options) => {
    const account = await connected();
    revoking.options(account, options());
    await revoking.disconnect(account);
    await revoking.work();
    expect(calls()).toBe(0);
    expect(await revoking.record(account)).toMatchObject({ outcome: 'failed', code: 'endpoint_changed', attempts: 0 });
  });

  it.each(edits)('never reaches a host that the %s was moved to after the deletion', async (_, options) => {
    const account = await connected();
    revokes(503);
    await revoking.disconnect(account);
    await revoking.work();
    world.server.calls.length = 0;
    revoking.options(account, options());
    await revoking.later(account, 900);
    await revoking.work();
    expect(calls()).toBe(0);
    expect(await revoking.record(account)).toMatchObject({ outcome: 'failed', code: 'endpoint_changed', sealed: null });
  });

  it.each<[string, (thiefs: string, own: string) => string]>([
    ['its own connection, moved there in the database too', (_, own) => own],
    ['a connection of somebody who may make some', (thiefs) => thiefs],
  ])('does not open in a record that was given another origin and %s', async (_, connectionOf) => {
    const account = await connected();
    const atThief = { tokenURL: thief('/token'), provider_settings: { revocation: { url: thief('/revoke') } } };
    const other = await connected(atThief);
    revokes(503);
    await revoking.disconnect(account);
    await revoking.work();
    world.server.calls.length = 0;
    revoking.options(account, atThief);
    await revoking.bench.sql.query(
      'UPDATE revocations SET connection_id = $2, token_origin = $3 WHERE tokenset_id = $1',
      [account.tokensetId, connectionOf(other.connectionId, account.connectionId), new URL(thief('/')).origin],
    );
    await revoking.later(account, 900);
    await revoking.work();
    expect(calls()).toBe(0);
    expect(await revoking.record(account)).toMatchObject({ outcome: 'failed', code: 'unreadable' });
  });
});
