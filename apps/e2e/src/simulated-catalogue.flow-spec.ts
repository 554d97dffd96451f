import { freePort } from '@strongroom/testing';
import {
  CatalogueProvider,
  ConnectFlow,
  createClient,
  createPerson,
  eventually,
  exchange,
  Installation,
  login,
  myAccountToken,
  StandaloneServer,
  type Client,
  type Person,
} from './driver/index.js';
import { besideStandalone } from './beside-standalone.js';

/** `STRONGROOM_SIMULATOR=on`: the standalone server with every provider of the catalogue simulated. */
besideStandalone('the simulator beside the server', () => {
  let server: StandaloneServer;
  let installation: Installation;
  let simulator: string;
  let client: Client;
  let person: Person;
  let subjectToken: string;
  let myAccount: string;

  beforeAll(async () => {
    const port = await freePort();
    simulator = `http://127.0.0.1:${port}`;
    server = await StandaloneServer.start(simulator, {
      STRONGROOM_SIMULATOR: 'on',
      STRONGROOM_SIMULATOR_PORT: String(port),
      // The server allows the simulator by itself.
      STRONGROOM_EGRESS_ALLOW: '',
    });
    installation = new Installation(server.address);
    client = await createClient(installation);
    person = await createPerson(installation);
    const tokens = await login(installation, client, person);
    subjectToken = tokens.refreshToken;
    myAccount = await myAccountToken(installation, client, tokens.refreshToken);
  });
  afterAll(async () => {
    await installation.close();
    await server.remove();
  });

  it('says that providers are simulated, and where', () => {
    expect(server.output).toContain(simulator);
    expect(server.output).toMatch(/simulated/i);
  });

  it('connects an account at every provider of the catalogue, and hands out tokens that its API takes', async () => {
    const providers = await CatalogueProvider.all(installation);
    expect(providers.length).toBeGreaterThan(30);
    for (const provider of providers) await expectConnected(provider);
  });

  async function expectConnected(provider: CatalogueProvider): Promise<void> {
    const { id } = provider;
    const connection = await provider.connection([client]);
    const flow = new ConnectFlow(installation, { client, person, connection, token: myAccount });
    expect(await flow.begin()).toMatchObject({ status: 201 });
    await flow.throughBrowser();
    expect([id, await flow.complete()]).toMatchObject([id, { status: 201 }]);
    const exchanged = await exchange(installation, client, connection, subjectToken);
    expect([id, await provider.apiStatus(exchanged.json['access_token'])]).toEqual([id, 200]);
  }

  it('takes the simulator along when it is killed, and has it again after a start', async () => {
    const isThere = () =>
      installation.http.send(`${simulator}/_providers.json`).then(
        () => true,
        () => false,
      );
    await server.kill();
    await eventually(isThere, (there) => !there);
    await server.start();
    expect(await isThere()).toBe(true);
  });
});
