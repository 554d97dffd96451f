import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalogue } from '@strongroom/providers';
import { shippedUrl } from './shipped-endpoints.js';

const HOST = '^[a-z0-9-]+(\\.[a-z0-9-]+)+$';

describe('an endpoint as the catalogue has it', () => {
  const home = mkdtempSync(join(tmpdir(), 'strongroom-endpoints-'));
  afterAll(() => rmSync(home, { recursive: true }));

  const introspectionOf = (introspection: string, options: object) => {
    const file = join(home, 'providers.json');
    const entry = {
      extends: 'oauth2',
      name: 'Tried',
      docs: [],
      params: { host: { pattern: HOST, default: 'idp.example', source: 'admin' } },
      endpoints: { authorization: 'https://idp.example/a', token: 'https://idp.example/t', introspection },
    };
    writeFileSync(file, JSON.stringify({ version: 1, providers: { tried: entry } }));
    const catalogue = Catalogue.load([file]);
    const connection = { connectionId: 'con_1', name: 'tried', strategy: 'tried', metadata: null };
    const resolved = catalogue.resolve({ ...connection, options: { client_id: 'ours', ...options } });
    return shippedUrl(catalogue, resolved, 'introspection')?.href;
  };

  it('is its word where it names the host, whatever the connection says', () => {
    const provider_settings = { endpoints: { introspection: 'https://thief.example/i' } };
    expect(introspectionOf('https://api.idp.example/{client_id}', { provider_settings })).toBe(
      'https://api.idp.example/ours',
    );
  });

  it.each(['https://{host}/i', 'https://api.{host}/i'])(
    'M3 is not its word where the connection chooses the host: %s',
    (url) => {
      expect(introspectionOf(url, { host: 'thief.example' })).toBeUndefined();
      expect(introspectionOf(url, {})).toBeUndefined();
    },
  );
});
