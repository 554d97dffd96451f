import { Bench, refusal } from '../../test/bench.js';
import { HttpsWorld } from '../../test/https-world.js';
import { madeUpCatalogue } from '../../test/made-up-catalogue.js';

/** Asking again where a token is refused takes longer than that. */
const SECONDS = { expires_in: 1 };

describe('an account whose access token ends before the provider has named it', () => {
  let world: HttpsWorld;
  let bench: Bench;

  beforeAll(async () => {
    world = await HttpsWorld.start([]);
    const url = (path: string) => world.at('idp.example', path);
    const endpoints = { authorization: url('/authorize'), token: url('/token') };
    const catalogue = await madeUpCatalogue({
      brief: { endpoints, identity: { request: { url: url('/me') }, subject: ['request#/id'] } },
      fallback: { endpoints, identity: { request: { url: url('/me') }, subject: ['request#/id', 'token#/user'] } },
      shown: {
        endpoints,
        identity: { request: { url: url('/me') }, subject: ['token#/user'], label: ['request#/name'] },
      },
    });
    bench = await Bench.start({}, { egress: world.egress, catalogue });
  }, 60_000);
  afterAll(async () => {
    await bench.stop();
    await world.stop();
  });
  beforeEach(() => {
    world.server.calls.length = 0;
    world.server.routes['/me'] = () => ({ status: 401, body: {} });
  });

  const asked = async (strategy: string, allowMissingUserId = false) => {
    const options = { client_id: 'upstream-client' };
    const connectionId = await bench.connection({}, { strategy, options, allowMissingUserId });
    return bench.redeemRequest(bench.person(), connectionId);
  };
  const pending = async (sessionId: string) =>
    (await bench.sql.query('SELECT FROM pending_redeems WHERE session_id = $1', [sessionId])).rowCount;

  it.each([
    ['brief', false],
    ['brief', true],
    ['fallback', false],
  ])('CN-29 is to be begun again at %s, and is no account without a name (allowed: %s)', async (strategy, allowed) => {
    world.issue(() => SECONDS);
    const request = await asked(strategy, allowed);
    const refused = { code: 'redeem_refused', status: 400, message: expect.stringContaining('Begin again') };
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({
      ...refused,
      message: expect.stringContaining('ended before'),
    });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject(refused);
    expect(await bench.vault.list(request.personId)).toEqual([]);
    expect(await pending(request.sessionId)).toBe(0);
    expect(world.server.calls.filter(({ path }) => path === '/token')).toHaveLength(1);
  });

  it('CN-29 is to be begun again where it waited for a provider that was away', async () => {
    world.issue(() => SECONDS);
    world.server.routes['/me'] = () => ({ status: 503, body: {} });
    const request = await asked('brief', true);
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'identity_pending', status: 503 });
    world.server.routes['/me'] = () => ({ status: 401, body: {} });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'redeem_refused' });
    expect(await bench.vault.list(request.personId)).toEqual([]);
  });

  it('is connected where the call would only have told how it is shown', async () => {
    world.issue(() => ({ ...SECONDS, user: 'u1' }));
    const { tokensetId } = await bench.vault.redeem(await asked('shown'));
    expect(await bench.row({ tokensetId })).toMatchObject({ provider_subject: 'u1', provider_label: null });
  });

  it('has no name where a token that is alive is not let in, if the connection allows that', async () => {
    world.issue();
    expect(await refusal(bench.vault.redeem(await asked('brief')))).toMatchObject({ code: 'missing_user_id' });
    const { tokensetId } = await bench.vault.redeem(await asked('brief', true));
    expect(await bench.row({ tokensetId })).toMatchObject({ provider_subject: '' });
  });
});
