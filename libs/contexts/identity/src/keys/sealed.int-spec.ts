import { setTimeout as sleep } from 'node:timers/promises';
import { ConfiguredMasterKeys, KeyServiceUnavailable, MasterKeys, type WrappedKeyContext } from '@strongroom/crypto';
import { testPostgres, type TestService } from '@strongroom/testing';
import { type AuthorizationApp, startAuthorization } from '../../test/authorization-app.js';
import { emptyDatabase, START } from '../../test/registry-app.js';
import { identityChecks } from '../identity-checks.js';

/** A key service in another place. */
class KeyService extends MasterKeys {
  readonly id = 'test-service';
  readonly isRemote = true;
  isAway = false;
  private readonly keys = ConfiguredMasterKeys.parse(ConfiguredMasterKeys.generate('remote'));

  get keyNames(): readonly string[] {
    return this.keys.keyNames;
  }

  wrappedBy(wrapped: Buffer): string | undefined {
    return this.keys.wrappedBy(wrapped);
  }

  async wrap(key: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    await this.health();
    return this.keys.wrap(key, context);
  }

  async unwrap(wrapped: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    await this.health();
    return this.keys.unwrap(wrapped, context);
  }

  health(): Promise<void> {
    return this.isAway ? Promise.reject(new KeyServiceUnavailable()) : Promise.resolve();
  }
}

describe('an authorization server whose key service does not answer', () => {
  let postgres: TestService;
  let service: KeyService;
  let identity: AuthorizationApp;

  beforeAll(async () => {
    postgres = await testPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(() => (service = new KeyService()));
  afterEach(() => identity.stop());

  const isReady = (): Promise<boolean> =>
    identityChecks(identity.app)
      .sealed()
      .then(
        () => true,
        () => false,
      );
  const managed = async (): Promise<number> => {
    const { clientId, clientSecret } = START.managementClient;
    const { status } = await identity.token({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      audience: `${identity.origin}/api/v2/`,
    });
    return status;
  };
  const opensByItself = async (): Promise<void> => {
    service.isAway = false;
    while (!(await isReady()) || (await managed()) !== 200) await sleep(50);
    expect((await identity.get('/.well-known/jwks.json')).status).toBe(200);
    expect((await identity.get('/authorize?client_id=nobody')).status).toBe(400);
  };

  it('encryption §9 at its very first start: is up and sealed, and begins once it is let in', async () => {
    service.isAway = true;
    identity = await startAuthorization(await emptyDatabase(postgres.url), service);
    expect(await isReady()).toBe(false);
    expect((await identity.get('/.well-known/jwks.json')).status).toBe(503);
    await opensByItself();
  });

  it('encryption §9 at a later start: is up and sealed, answers 503, and opens by itself', async () => {
    const databaseUrl = await emptyDatabase(postgres.url);
    identity = await startAuthorization(databaseUrl, service);
    await identity.stop();
    service.isAway = true;
    identity = await startAuthorization(databaseUrl, service);
    expect(await isReady()).toBe(false);
    for (const path of ['/authorize?client_id=nobody', '/.well-known/jwks.json'])
      expect([path, (await identity.get(path)).status]).toEqual([path, 503]);
    expect(await managed()).toBe(503);
    await opensByItself();
  });
});
