import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Clients } from '@strongroom/contracts';
import { testPostgres } from '@strongroom/testing';
import { errors } from 'oidc-provider';
import { type AuthorizationApp, startAuthorization } from '../../test/authorization-app.js';
import { emptyDatabase, masterKeys, START } from '../../test/registry-app.js';
import { ArtefactAdapter } from './artefact-adapter.js';
import { ArtefactSweeper } from '../artefacts/artefact-sweeper.js';
import { ClientAdapter } from './client-adapter.js';
import { doorPass } from '../door/door-pass.js';
import { patchPoints } from './library-seams.js';
import { ProviderHolder } from './provider-holder.js';
import { ClientEntity } from '../clients/client.entity.js';

describe('what we rely on in oidc-provider, and it on us', () => {
  let postgres: Awaited<ReturnType<typeof testPostgres>>;
  let url: string;
  let identity: AuthorizationApp;
  const keys = masterKeys();

  beforeAll(async () => {
    postgres = await testPostgres();
    url = await emptyDatabase(postgres.url);
    identity = await startAuthorization(url, keys);
  });
  afterAll(async () => {
    await identity?.stop();
    await postgres?.stop();
  });

  it('ID-01 is the version that is patched, with every patch point', async () => {
    const require = createRequire(import.meta.url);
    expect((require('oidc-provider/package.json') as { version: string }).version).toBe('9.13.3');
    const provider = await identity.app.get(ProviderHolder, { strict: false }).provider();
    const points = Object.entries(patchPoints(provider));
    expect(points.map(([name, found]) => [name, typeof found])).toEqual(points.map(([name]) => [name, 'function']));
    const { Client, Session } = provider as unknown as Record<string, { prototype: Record<string, () => unknown> }>;
    expect(Client!.prototype['includeSid']!()).toBe(true);
    expect(Session!.prototype['ensureClientContainer']!.toString()).toContain('uid');
  });

  it('ID-01 has every inner module that is used, and only the seams use one', async () => {
    const source = join(import.meta.dirname, '..');
    const used: [string, string][] = [];
    for (const file of await readdir(source, { recursive: true }))
      if (file.endsWith('.ts') && !file.endsWith('spec.ts'))
        for (const [, path] of (await readFile(join(source, file), 'utf8')).matchAll(/'(oidc-provider\/lib\/[^']+)'/g))
          used.push([file, path!]);
    expect(used).not.toEqual([]);
    for (const [file, path] of used) {
      const { default: inner } = (await import(path)) as { default: unknown };
      expect([file, path, typeof inner]).toEqual([join('library', 'library-seams.ts'), path, 'function']);
    }
  });

  it('ID-05 finds no client but the one the door let in', async () => {
    const clients = new ClientAdapter(identity.database.getRepository(ClientEntity));
    expect(await clients.find('management')).toBeUndefined();
    expect(await doorPass.run({ clientId: 'other' }, () => clients.find('management'))).toBeUndefined();
    expect(await doorPass.run({ clientId: 'management' }, () => clients.find('management'))).toBeDefined();
    expect(await doorPass.run({ clientId: null }, () => clients.find('management'))).toBeDefined();
  });

  it('consumes once, and an artefact that is gone is no failure of ours', async () => {
    const adapter = new ArtefactAdapter(identity.database, 'AuthorizationCode');
    await adapter.upsert('cnry_code', { grantId: 'g1', jti: 'cnry_code' }, 60);
    const uses = await Promise.allSettled(Array.from({ length: 20 }, () => adapter.consume('cnry_code')));
    expect(uses.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(adapter.consume('cnry_gone')).rejects.toBeInstanceOf(errors.InvalidGrant);
    expect(await adapter.find('cnry_code')).toBeUndefined(); // the second use ended the grant
  });

  it('finds nothing by the hash that the database holds, which only ending takes', async () => {
    const adapter = new ArtefactAdapter(identity.database, 'Session');
    await adapter.upsert('cnry_cookie', { uid: 'u1', jti: 'cnry_cookie' }, 60);
    const { jti } = (await adapter.findByUid('u1'))!;
    expect(jti).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await adapter.find(jti!)).toBeUndefined();
    await adapter.destroy(jti!);
    expect(await adapter.find('cnry_cookie')).toBeUndefined();
  });

  it('finds nothing that has ended, and ID-15 sweeps that and nothing else', async () => {
    const adapter = new ArtefactAdapter(identity.database, 'Interaction');
    const tokens = new ArtefactAdapter(identity.database, 'RefreshToken');
    await adapter.upsert('cnry_live', {}, 60);
    await adapter.upsert('cnry_ended', {}, -1);
    await tokens.upsert('cnry_family', {}, 60);
    await identity.database.query(
      `insert into artefacts (kind, id_hash, family_id, consumed_at, expires_at, payload)
       select kind, '\\\\x00', family_id, now(), now() - interval '1 hour', '{}' from artefacts where kind = 'RefreshToken'`,
    );
    expect(await adapter.find('cnry_ended')).toBeUndefined();
    const sweeper = identity.app.get(ArtefactSweeper, { strict: false });
    expect(await sweeper.sweep()).toBe(1);
    expect(await adapter.find('cnry_live')).toBeDefined();
    const left: { count: string }[] = await identity.database.query(
      `select count(*) from artefacts where kind = 'RefreshToken'`,
    );
    expect(left[0]!.count).toBe('2'); // the replaced one stays a trap while its family lives
  });

  it('ID-23 opens no answer to a page by itself, and knows whose page an origin is', async () => {
    const origin = 'https://spa.example.com';
    const { clientId: client_id, clientSecret: client_secret } = START.managementClient;
    const form = { grant_type: 'client_credentials', client_id, client_secret, audience: `${identity.origin}/api/v2/` };
    for (const answer of [await identity.token(form, { origin }), await identity.token({ ...form, audience: '' })])
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    const spa = await identity.client({ web_origins: [origin] });
    const clients = identity.app.get(Clients, { strict: false });
    const asked = [origin, `${origin}:443`, 'https://spa.example.com.foreign.example', '%'];
    expect(await Promise.all(asked.map((one) => clients.isWebOrigin(one, null)))).toEqual([true, false, false, false]);
    expect(await clients.isWebOrigin(origin, spa.client_id)).toBe(true);
    expect(await clients.isWebOrigin(origin, client_id)).toBe(false);
  });

  it('keeps its keys through a restart, sealed', async () => {
    const before = (await identity.get('/.well-known/jwks.json')).body;
    const again = await startAuthorization(url, keys);
    expect((await again.get('/.well-known/jwks.json')).body).toEqual(before);
    await again.stop();
    expect(JSON.stringify(before)).not.toMatch(/"(d|p|q|dp|dq|qi)":/);
    const rows = await identity.database.query<{ key: string }[]>(
      `select encode(key_sealed, 'escape') as key from signing_keys`,
    );
    expect(rows.length).toBe(3); // one that signs, the next, and that of the cookies
  });
});
