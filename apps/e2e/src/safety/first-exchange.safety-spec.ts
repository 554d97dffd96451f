import { setTimeout as sleep } from 'node:timers/promises';
import { recordFigure, safetyCount } from '@strongroom/testing';
import {
  createClient,
  enable,
  Installation,
  type Json,
  MY_ACCOUNT_SCOPE,
  myAccountToken,
  Scene,
  type Server,
  startServer,
  startSimulator,
  unique,
} from '../driver/index.js';

const ROUNDS = safetyCount('ENDS', { short: 5, full: 1_000 });
/** Those that take a sign-in or a connect flow each time. */
const LONG_ROUNDS = safetyCount('ENDS_WITH_FLOW', { short: 3, full: 1_000 });
/** Each takes the time that connection settings may be remembered for. */
const SWITCHES = safetyCount('SWITCHES', { short: 1, full: 30 });
const REMEMBERED_MS = 2_000;

/** Figure 34, end to end: what is taken away gives nothing from the 2xx on. Identity's own ends have a suite there. */
describe('the first exchange after something was taken away', () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let server: Server;
  let installation: Installation;
  let scene: Scene;
  const results: { what: string; rounds: number; through: number }[] = [];
  let caught = 0;

  beforeAll(async () => {
    simulator = await startSimulator();
    server = await startServer(simulator.url);
    installation = new Installation(server.address);
    scene = await Scene.create(installation);
  }, 600_000);
  afterAll(async () => {
    const through = results.reduce((sum, one) => sum + one.through, 0);
    const rounds = results.reduce((sum, one) => sum + one.rounds, 0);
    recordFigure({
      id: '34 (exchange)',
      title:
        'the first exchange after a disconnect, a pause, a narrower policy or a deleted client; after a connection was switched off, 2 s later',
      required: '0 of 1,000 get through, each',
      measured: `${through} of ${rounds} (${results.map((one) => `${one.what} ${one.rounds}`).join(', ')})`,
      holds: through === 0 && results.length === 5 && caught > 0,
      control: `the same exchange where nothing was ended: ${caught} of ${caught} get through`,
    });
    await installation?.close();
    await server?.remove();
    await simulator?.stop();
  });

  const isOut = async (exchanging = scene.exchange()): Promise<boolean> => {
    const { status, json } = await exchanging;
    if (status >= 500) throw new Error(`the exchange answered ${status}`);
    return status === 200 || json['access_token'] !== undefined;
  };
  /** Two exchanges before, the first to warm what is remembered, the second as the control; `end` answers 2xx. */
  const run = async (
    what: string,
    rounds: number,
    give: () => Promise<unknown>,
    end: () => Promise<number>,
    waitMs = 0,
  ) => {
    let through = 0;
    for (let n = 0; n < rounds; n++) {
      await give();
      const before = [await isOut(), await isOut()];
      expect(before).toEqual([true, true]);
      caught++;
      expect(await end()).toBeLessThan(300);
      if (waitMs > 0) await sleep(waitMs);
      if (await isOut()) through++;
    }
    results.push({ what, rounds, through });
    expect(through).toBe(0);
  };
  const patch = (path: string, body: Json) => installation.management('PATCH', path, body);

  it('X9 34 is refused after a disconnect', async () => {
    let id = '';
    const connect = async () => (id = (await scene.connect(unique('owner'))).id);
    await run('disconnects', LONG_ROUNDS, connect, async () => (await scene.me('DELETE', `/accounts/${id}`)).status);
  }, 1_200_000);

  it('X9 AD-10 34 is refused after a pause', async () => {
    const { id } = await scene.connect();
    const scope = `${MY_ACCOUNT_SCOPE} update:me:connected_accounts`;
    const token = await myAccountToken(installation, scene.client, scene.tokens.refreshToken, scope);
    const path = `/accounts/${id}/pauses/${scene.client.id}`;
    const pause = async (method: 'PUT' | 'DELETE') => (await installation.me(token, method, path)).status;
    await run(
      'pauses',
      ROUNDS,
      () => pause('DELETE'),
      () => pause('PUT'),
    );
    await pause('DELETE');
  }, 1_200_000);

  it('X9 AD-08 34 is refused after the client’s policy was narrowed', async () => {
    const policy = async (vault_policy: Json | null) =>
      (await patch(`/clients/${scene.client.id}`, { vault_policy })).status;
    await run(
      'policies',
      ROUNDS,
      () => policy(null),
      () => policy({ connections: [] }),
    );
    await policy(null);
  }, 1_200_000);

  it('X9 34 is refused after the client was deleted', async () => {
    const own = scene;
    const { connection, person } = own;
    const give = async () => {
      const client = await createClient(installation);
      await enable(installation, connection.id, [client]);
      scene = await Scene.of(installation, client, connection, person);
    };
    const end = async () => (await installation.management('DELETE', `/clients/${scene.client.id}`)).status;
    await run('clients deleted', LONG_ROUNDS, give, end);
    scene = own;
  }, 1_200_000);

  it('X9 34 is refused 2 s after the connection was switched off', async () => {
    const turn = async (active: boolean) =>
      (await patch(`/connections/${scene.connection.id}`, { connected_accounts: { active } })).status;
    const on = async () => {
      await turn(true);
      await sleep(REMEMBERED_MS);
    };
    await run('connections', SWITCHES, on, () => turn(false), REMEMBERED_MS);
    await on();
  }, 1_200_000);
});
