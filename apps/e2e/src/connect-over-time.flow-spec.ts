import type pg from 'pg';
import { changed, comeBack, consentOf, expectNothing, expectRefused, heldBack } from './connect-steps.js';
import {
  CatalogueProvider,
  ConnectFlow,
  eventually,
  Installation,
  Scene,
  type Server,
  startServer,
  startSimulator,
} from './driver/index.js';

const NOT_VALID = /not valid any more/;
const SESSIONS = 'connected_accounts.connect_sessions';
const ACCOUNTS = 'connected_accounts.connected_accounts';
const DAY = 24 * 3600;

/** What only the clock ends, or a kill in between. The clock is the database's: its rows grow older at once. */
describe('a connect flow over time', () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let server: Server;
  let installation: Installation;
  let database: pg.Client;
  let scene: Scene;
  beforeAll(async () => {
    simulator = await startSimulator();
    server = await startServer(simulator.url);
    installation = new Installation(server.address);
    database = await server.database();
    scene = await Scene.create(installation, { provider: { auto: 'accept' } });
  });
  afterAll(async () => {
    await database.end();
    await installation.close();
    await server.remove();
    await simulator.stop();
  });

  const sessionsGrow = (seconds: number) =>
    older(SESSIONS, seconds, ['created_at', 'expires_at', 'ends_at', 'completing_at']);
  const older = (table: string, seconds: number, columns: string[]) => {
    const changes = columns.map((name) => `${name} = ${name} - interval '${seconds} s'`);
    return database.query(`UPDATE ${table} SET ${changes.join(', ')}`);
  };
  /** Whatever could still be sent to a provider. */
  const boxes = async () => {
    const query = `SELECT FROM ${SESSIONS} WHERE num_nonnulls(code_box, verifier_box, query_box, nonce) > 0`;
    return (await database.query(query)).rowCount;
  };
  const withCode = async (of: Scene): Promise<ConnectFlow> => {
    const flow = of.flow();
    await comeBack(flow, await heldBack(flow));
    return flow;
  };

  it('CN-07 a ticket is good for 300 s', async () => {
    const [late, inTime] = [scene.flow(), scene.flow()];
    await late.begin();
    await sessionsGrow(60);
    await inTime.begin();
    await sessionsGrow(241);
    expectRefused(await late.open(), NOT_VALID);
    expect((await inTime.open()).page!.hasButton('accept')).toBe(true);
  });

  it('CN-15 a connect_code is good for 60 s, and what it stood for is erased', async () => {
    const own = await scene.another();
    const late = await withCode(own);
    await sessionsGrow(61);
    expect((await late.complete()).status).toBe(404);
    await expectNothing(own);
    expect(await boxes()).toBe(0);
    const inTime = await withCode(own);
    await sessionsGrow(20);
    expect(await boxes()).toBe(1);
    expect((await inTime.complete()).status).toBe(201);
    expect(await boxes()).toBe(0);
  });

  it('CN-15 a session ends after 600 s, wherever its person is', async () => {
    const own = await scene.another();
    const [asked, away] = [own.flow(), own.flow()];
    const page = await consentOf(asked);
    const callback = await heldBack(away);
    await sessionsGrow(601);
    expectRefused(await own.person.browser.submit(page, { action: 'accept' }), NOT_VALID);
    const { url } = await comeBack(away, callback);
    expect(url.searchParams.get('error')).toBe('invalid_request');
    expect(url.searchParams.get('error_description')).toMatch(/session expired, begin again/);
    expect((await away.complete({ connect_code: 'x' })).status).toBe(404);
    expect(await own.accounts()).toEqual([]);
    expect(await eventually(boxes, (left) => left === 0)).toBe(0);
  });

  it('CN-41 of a disconnected account ids and times are left, for thirty days', async () => {
    const own = await Scene.create(installation, { provider: { auto: 'accept' } });
    const first = await own.connect();
    const [tokenset] = await installation.tokensets(own.person.userId);
    expect((await own.me('DELETE', `/accounts/${first.id}`)).status).toBe(204);
    const rowOf = async (id: string) =>
      (await database.query<Record<string, unknown>>(`SELECT * FROM ${ACCOUNTS} WHERE id = $1`, [id])).rows;
    const [left] = await rowOf(first.id);
    expect(left).toMatchObject({ id: first.id, status: 'disconnected', disconnected_at: expect.any(Date) as Date });
    expect(JSON.stringify(left)).not.toMatch(/person-1|@/);
    expect(await own.accounts()).toEqual([]);

    const again = await own.connect();
    const [fresh] = await installation.tokensets(own.person.userId);
    expect(again.id).not.toBe(first.id);
    expect(fresh!['id']).not.toBe(tokenset!['id']);
    expect((await own.accounts()).map(({ id }) => id)).toEqual([again.id]);
    await older(ACCOUNTS, 1200, ['disconnected_at']);
    expect((await own.me('DELETE', `/accounts/${again.id}`)).status).toBe(204);
    await older(ACCOUNTS, 30 * DAY - 600, ['disconnected_at']);
    const gone = () => rowOf(first.id);
    expect(await eventually(gone, ({ length }) => length === 0)).toEqual([]);
    expect(await rowOf(again.id)).toHaveLength(1); // ten minutes are left to it
  });

  it("CN-11 GitHub's issuer is accepted when it is right, and refused when it is wrong", async () => {
    const { client, person, myAccount: token } = scene;
    const github = new CatalogueProvider(installation, 'github');
    const connection = await github.connection([client], { iss: 'right' });
    const flow = () => new ConnectFlow(installation, { client, person, connection, token });
    const [right, wrong] = [flow(), flow()];
    expectRefused(
      await comeBack(wrong, changed(await heldBack(wrong), { iss: 'https://evil.example' })),
      /not accepted/,
    );
    const callback = await heldBack(right);
    expect(callback.searchParams.get('iss')).toMatch(/github\.com\/login\/oauth$/);
    await comeBack(right, callback);
    expect((await right.complete()).status).toBe(201);
  });

  it('CN-30 an account appears whose tokens were there when everything was killed; its code was sent once', async () => {
    const own = await Scene.create(installation, { provider: { auto: 'accept' } });
    const flow = await withCode(own);
    await database.query('BEGIN');
    await database.query(`LOCK TABLE ${ACCOUNTS} IN EXCLUSIVE MODE`); // nobody can store it
    const lost = flow.complete().catch(() => null);
    await eventually(
      () => installation.tokensets(own.person.userId),
      ({ length }) => length === 1,
    );
    expect(await own.accounts()).toEqual([]);
    database.on('error', () => undefined); // standalone's goes with it
    await server.kill();
    await lost;
    await database.end();
    await server.start();
    database = await server.database();
    await sessionsGrow(31);
    expect(
      await eventually(
        () => own.accounts(),
        ({ length }) => length === 1,
      ),
    ).toHaveLength(1);
    expect((await own.exchange()).status).toBe(200);
    expect((await own.provider.state()).tokenRequests.authorization_code).toBe(1);
  });
});
