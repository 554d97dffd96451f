import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { testPostgres } from '@strongroom/testing';
import { emptyDatabase, masterKeys, START, startRegistry, type RegistryApp } from '../../test/registry-app.js';
import { FirstAdministrator } from './first-administrator.js';
import { MANAGEMENT_SCOPES } from './management-scopes.js';

describe('the first rows', () => {
  let postgres: Awaited<ReturnType<typeof testPostgres>>;
  const running: RegistryApp[] = [];

  beforeAll(async () => {
    postgres = await testPostgres();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((registry) => registry.stop()));
  });
  afterAll(async () => {
    await postgres?.stop();
  });

  /** An installation that can be started again and again. */
  const installation = async () => {
    const url = await emptyDatabase(postgres.url);
    const keys = masterKeys();
    return async (start = START) => {
      const registry = await startRegistry(url, keys, start);
      running.push(registry);
      return registry;
    };
  };
  const secretHashOf = async ({ database }: RegistryApp, clientId: string) => {
    const rows = await database.query<{ secret_hash: Buffer }[]>(
      'SELECT secret_hash FROM clients WHERE client_id = $1',
      [clientId],
    );
    return rows[0]!.secret_hash.toString('hex');
  };

  it('ID-26 two starts at once on an empty database make one administrator and one of everything', async () => {
    const start = await installation();
    const [one] = await Promise.all([start(), start()]);
    const [counts] = await one.database.query<Record<string, number>[]>(`
      SELECT (SELECT count(*)::int FROM users WHERE administrator) AS administrators,
        (SELECT count(*)::int FROM clients) AS clients,
        (SELECT count(*)::int FROM resource_servers) AS apis,
        (SELECT count(*)::int FROM client_grants) AS grants`);
    expect(counts).toEqual({ administrators: 1, clients: 3, apis: 2, grants: 2 });
    const { body } = await one.call('GET', '/users-by-email?email=admin%40example.com');
    expect(body).toMatchObject([{ administrator: true, email_verified: true, email: 'admin@example.com' }]);
  });

  it('MG-31 a second start makes no other administrator and says nothing', async () => {
    const start = await installation();
    const first = await start();
    const said = await first.database.query('SELECT count(*) FROM outbox');
    const other = { email: 'second@example.com', password: 'cnry_second_password' };
    const second = await start({ ...START, administrator: other });
    expect((await second.call('GET', '/users')).body).toHaveLength(1);
    expect(await second.database.query('SELECT count(*) FROM outbox')).toEqual(said);
  });

  it('ID-26 two first administrators with different addresses at once are one', async () => {
    const start = await installation();
    const none = { ...START, administrator: null };
    const starts = [await start(none), await start(none)];
    const holder = starts[0]!.database.createQueryRunner();
    await holder.startTransaction();
    await holder.query('LOCK TABLE users IN SHARE MODE'); // both get as far as they can before either may write
    const created = Promise.all(
      starts.map(({ app }, i) =>
        app
          .get(FirstAdministrator, { strict: false })
          .create({ email: `a${i}@example.com`, password: 'cnry_password' }),
      ),
    );
    const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    while ((await starts[0]!.database.query<unknown[]>(waiting)).length < 2) await sleep(10);
    await holder.commitTransaction();
    await holder.release();
    await created;
    expect((await starts[0]!.call('GET', '/users')).body).toHaveLength(1);
  });

  it('make no administrator where none is configured', async () => {
    const start = await installation();
    const registry = await start({ ...START, administrator: null });
    expect((await registry.call('GET', '/users')).body).toEqual([]);
  });

  it('are the APIs, clients and grants of the contract', async () => {
    const registry = await (await installation())();
    const management = (await registry.call('GET', '/resource-servers/strongroom-management')).body;
    expect(management).toMatchObject({
      identifier: 'https://vault.example.com/api/v2/',
      subject_type_authorization: { user: { policy: 'deny_all' }, client: { policy: 'require_client_grant' } },
    });
    expect((await registry.call('GET', '/clients/strongroom-dashboard')).body).toMatchObject({
      ...{ app_type: 'spa', token_endpoint_auth_method: 'none', is_first_party: true, require_pkce: true },
      callbacks: ['https://vault.example.com/dashboard/callback', 'https://vault.example.com/account/callback'],
    });
    expect((await registry.call('GET', '/clients/strongroom-connect')).body).toMatchObject({
      ...{ token_endpoint_auth_method: 'none', is_first_party: true, grant_types: ['authorization_code'] },
      callbacks: ['https://vault.example.com/connected-accounts/connect/signed-in'],
    });
    expect((await registry.call('GET', '/client-grants?client_id=strongroom-dashboard')).body).toMatchObject([
      { audience: 'https://vault.example.com/me/', subject_type: 'user' },
    ]);
    expect((await registry.call('GET', '/client-grants?client_id=management')).body).toMatchObject([
      { audience: 'https://vault.example.com/api/v2/', subject_type: 'client', scope: MANAGEMENT_SCOPES },
    ]);
  });

  it('keep the management client’s secret as the configuration has it', async () => {
    const start = await installation();
    const before = await secretHashOf(await start(), 'management');
    const managementClient = { clientId: 'management', clientSecret: 'cnry_another_management_secret' };
    const after = await start({ ...START, managementClient });
    expect(await secretHashOf(after, 'management')).not.toBe(before);
    const expected = createHash('sha256').update(managementClient.clientSecret).digest('hex');
    expect(await secretHashOf(after, 'management')).toBe(expected);
    const read = await after.call('GET', '/clients/management');
    expect(read.body['client_secret']).toBe(managementClient.clientSecret);
  });

  it('follow a changed public URL, grants included', async () => {
    const start = await installation();
    await start();
    const moved = await start({ ...START, publicUrl: 'https://moved.example.com' });
    expect((await moved.call('GET', '/client-grants?client_id=strongroom-dashboard')).body).toMatchObject([
      { audience: 'https://moved.example.com/me/' },
    ]);
    expect((await moved.call('GET', '/clients/strongroom-connect')).body).toMatchObject({
      callbacks: ['https://moved.example.com/connected-accounts/connect/signed-in'],
    });
    expect((await moved.call('GET', '/client-grants?client_id=management')).body).toHaveLength(1);
  });

  it('do not bring back a My Account API that was deleted', async () => {
    const start = await installation();
    const registry = await start();
    expect((await registry.call('DELETE', '/resource-servers/strongroom-my-account')).status).toBe(204);
    const again = await start();
    expect((await again.call('GET', '/resource-servers')).body).toHaveLength(1);
    const created = await again.call('POST', '/resource-servers', { identifier: 'https://vault.example.com/me/' });
    expect(created.status).toBe(201);
  });
});
