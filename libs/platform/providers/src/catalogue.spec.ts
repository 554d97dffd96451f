import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalogue } from './catalogue.js';
import { checkCatalogue, shipped } from './catalogue-files.js';
import { checkProviderSettings } from './catalogue-schema.js';
import { ConnectionMisconfiguredError, InvalidCatalogueError } from './providers.errors.js';

const catalogue = Catalogue.shipped();
const folder = mkdtempSync(join(tmpdir(), 'strongroom-'));
let files = 0;

function file(text: string | object): string {
  const path = join(folder, `${++files}.json`);
  writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text));
  return path;
}
const entries = (providers: object) => file({ version: 1, providers });

const ACME = {
  extends: 'oauth2',
  name: 'Acme',
  docs: [],
  endpoints: { authorization: 'https://acme.example/authorize', token: 'https://acme.example/token' },
};
const acme = (over: object) => entries({ acme: { ...ACME, ...over } });

function faultsOf(path: string): { file: string; pointer: string; message: string }[] {
  try {
    Catalogue.load([path]);
  } catch (error) {
    if (error instanceof InvalidCatalogueError) return error.faults;
    throw error;
  }
  return [];
}

const governing = (strategy: string, options: Record<string, unknown> = {}) =>
  catalogue.providerOf({ strategy, options })?.id;

describe('the catalogue', () => {
  it('has nothing wrong as it is shipped', () => {
    expect(checkCatalogue(shipped)).toEqual([]);
    expect(catalogue.providers.size).toBeGreaterThan(35);
  });

  it.each([
    ['github', {}, 'github'],
    ['google', {}, 'google-oauth2'],
    ['jira', {}, 'atlassian'],
    ['oauth2', {}, 'oauth2'],
    ['oauth2', { tokenURL: 'https://slack.com/api/oauth.v2.access' }, 'slack'],
    ['oauth2', { tokenURL: 'https://slack.com/api/openid.connect.token' }, 'sign-in-with-slack'],
    ['oauth2', { tokenURL: 'https://gitlab.com/oauth/token' }, 'gitlab'],
    ['oauth2', { tokenURL: 'https://nobody.example/token' }, 'oauth2'],
    ['oauth2', { provider: 'x' }, 'twitter'],
    ['oauth2', { provider: 'nobody' }, undefined],
    ['github', { tokenURL: 'https://slack.com/api/oauth.v2.access' }, 'github'],
    ['salesforce-sandbox', {}, 'salesforce'],
    ['__proto__', {}, undefined],
    ['constructor', {}, undefined],
  ])('lets %s with options %j be governed by %s', (strategy, options, id) => {
    expect(governing(strategy, options)).toBe(id);
    expect(catalogue.isOffered(strategy)).toBe(!['__proto__', 'constructor'].includes(strategy));
  });

  it('knows the parameters that come with a name', () => {
    const connection = { connectionId: 'con_1', name: 'x', options: { client_id: 'ours' }, metadata: null };
    const tokenOf = (strategy: string) => catalogue.resolve({ ...connection, strategy }).endpoints.token;
    expect(tokenOf('salesforce-sandbox')).toBe('https://test.salesforce.com/services/oauth2/token');
    expect(tokenOf('salesforce')).toBe('https://login.salesforce.com/services/oauth2/token');
  });

  it('lets another entry govern a tokenset that came with a refresh token', () => {
    const connection = { connectionId: 'con_1', name: 'x', strategy: 'github', options: { client_id: 'ours' } };
    const resolve = (hasRefreshToken: boolean) =>
      catalogue.resolve({ ...connection, metadata: null }, {}, { hasRefreshToken });
    expect(resolve(false)).toMatchObject({ providerId: 'github', refresh: { mode: 'none' }, rotation: 'none' });
    expect(resolve(true)).toMatchObject({ providerId: 'github-app', refresh: { mode: 'rotating' } });
  });

  it('names the option of a parameter, offers every strategy and id, and versions each entry', () => {
    expect(catalogue.optionOf('waad', 'tenant')).toBe('tenant_domain');
    expect(catalogue.optionOf('windowslive', 'tenant')).toBe('tenant');
    expect(catalogue.offeredStrategies()).toEqual(expect.arrayContaining(['oidc', 'github', 'github-app', 'notion']));
    const versions = [...catalogue.providers.values()].map(({ version }) => version);
    expect(new Set(versions).size).toBe(versions.length);
    expect(versions.every((version) => /^[0-9a-f]{64}$/.test(version))).toBe(true);
  });
});

describe('a file of entries', () => {
  it('corrects a shipped entry in part, keeps its rules behind new ones, and adds providers', () => {
    const rule = { when: { phase: ['refresh'], code: ['x'] }, class: 'race' };
    const loaded = Catalogue.load([
      entries({ github: { endpoints: { token: 'http://127.0.0.1:9/token' }, errors: { rules: [rule] } } }),
      acme({ aliases: ['acme-crm'] }),
      entries({ acme: { name: 'Acme CRM' } }),
    ]);
    const [before, after] = [catalogue.providers.get('github')!, loaded.providers.get('github')!];
    expect(after.entry.endpoints).toEqual({ ...before.entry.endpoints, token: 'http://127.0.0.1:9/token' });
    expect(after.entry.errors.rules).toEqual([rule, ...before.entry.errors.rules]);
    expect(after.version).not.toBe(before.version);
    expect(loaded.providerOf({ strategy: 'acme-crm', options: {} })).toMatchObject({
      id: 'acme',
      name: 'Acme CRM',
      strategy: 'oauth2',
      category: 'generic',
    });
  });

  it('is named when it is no JSON or cannot be read', () => {
    const broken = file('{"version": 1,');
    expect(faultsOf(broken)).toMatchObject([
      { file: broken, pointer: '', message: expect.stringContaining('no JSON') },
    ]);
    expect(faultsOf('/nowhere.json')).toMatchObject([{ file: '/nowhere.json', message: 'cannot be read (ENOENT)' }]);
  });

  it.each([
    ['another version', file({ version: 2, providers: {} }), '/version'],
    ['bases of its own', file({ version: 1, bases: {}, providers: {} }), '/bases'],
    ['no providers', file({ version: 1 }), '/providers'],
    ['a list', file([]), ''],
    [
      'a name that reaches into the runtime',
      file('{"version":1,"providers":{"a":{"__proto__":{}}}}'),
      '/providers/a/__proto__',
    ],
    ['an id twice', file('{"version":1,"providers":{"acme":{},"b":[{"acme":{}}],"acme":{}}}'), '/providers/acme'],
    ['a field twice', file('{"version":1,"providers":{"a":{"x":[1,{"y/z":1,"y/z":2}]}}}'), '/providers/a/x/1/y~1z'],
    ['an id that is none', entries({ 'Not An Id': ACME }), '/providers/Not An Id'],
    ['a new entry in part', entries({ acme: { name: 'Acme' } }), '/providers/acme'],
    ['a field there is not', acme({ endpoint: {} }), '/providers/acme/endpoint'],
    ['a misspelt field', acme({ tokenRequest: { encodng: 'json' } }), '/providers/acme/tokenRequest/encodng'],
    ['a value there is not', acme({ refresh: { mode: 'often' } }), '/providers/acme/refresh/mode'],
    ['an address that is none', acme({ endpoints: { token: 'acme' } }), '/providers/acme/endpoints/token'],
    [
      'an address with a user',
      acme({ endpoints: { token: 'https://a@acme.example/' } }),
      '/providers/acme/endpoints/token',
    ],
    ['another protocol', acme({ endpoints: { token: 'file:///etc/passwd' } }), '/providers/acme/endpoints/token'],
    [
      'a placeholder nothing fills',
      acme({ endpoints: { ...ACME.endpoints, userinfo: 'https://a.example/{x}' } }),
      '/providers/acme/endpoints/userinfo',
    ],
    [
      'a secret on the way to the browser',
      acme({ authorization: { params: { k: '{client_secret}' } } }),
      '/providers/acme/authorization/params/k',
    ],
    [
      'a placeholder in a header',
      acme({ tokenRequest: { headers: { 'X-Shop': '{shop}' } } }),
      '/providers/acme/tokenRequest/headers/X-Shop',
    ],
    [
      'a header that is ours',
      acme({ tokenRequest: { headers: { Host: 'x' } } }),
      '/providers/acme/tokenRequest/headers/Host',
    ],
    [
      'a parameter of the flow',
      acme({ authorization: { params: { state: 'x' } } }),
      '/providers/acme/authorization/params/state',
    ],
    [
      'a parameter of the flow in its address',
      acme({ endpoints: { ...ACME.endpoints, authorization: 'https://acme.example/authorize?a=1&state=x' } }),
      '/providers/acme/endpoints/authorization',
    ],
    [
      'a parameter of the flow from callers',
      acme({ authorization: { passthrough: ['scope'] } }),
      '/providers/acme/authorization/passthrough/0',
    ],
    [
      'no linear expression',
      acme({ errors: { rules: [{ when: { descriptionMatches: '(a)\\1' }, class: 'retry' }] } }),
      '/providers/acme/errors/rules/0/when/descriptionMatches',
    ],
    [
      'look-around',
      acme({ errors: { rules: [{ when: { descriptionMatches: 'a(?=b)' }, class: 'retry' }] } }),
      '/providers/acme/errors/rules/0/when/descriptionMatches',
    ],
    [
      'neither a pointer nor a header',
      acme({ errors: { rules: [{ when: { bodyEquals: { code: 1 } }, class: 'retry' }] } }),
      '/providers/acme/errors/rules/0/when/bodyEquals/code',
    ],
    ['a pattern that is no expression', acme({ params: { p: { pattern: '^(' } } }), '/providers/acme/params/p/pattern'],
    [
      'a parameter called like a token',
      acme({ params: { token: { pattern: '^x$' } } }),
      '/providers/acme/params/token',
    ],
    [
      'a default that does not match',
      acme({ params: { p: { pattern: '^x$', default: 'y' } } }),
      '/providers/acme/params/p/default',
    ],
    [
      'a preset of no parameter',
      acme({ presets: { 'acme-eu': { region: 'eu' } } }),
      '/providers/acme/presets/acme-eu/region',
    ],
    ['another entry that is not there', acme({ whenRefreshable: 'nobody' }), '/providers/acme/whenRefreshable'],
    ['itself as another entry', acme({ whenRefreshable: 'acme' }), '/providers/acme/whenRefreshable'],
    ['an alias twice', acme({ aliases: ['a', 'a'] }), '/providers/acme/aliases/1'],
    ['the id of another as alias', acme({ aliases: ['github'] }), '/providers/acme/aliases/0'],
    ['the alias of another as alias', acme({ aliases: ['google'] }), '/providers/acme/aliases/0'],
    [
      'no header in what marks exhaustion',
      acme({ rateLimit: { exhausted: { equals: '0' } } }),
      '/providers/acme/rateLimit/exhausted',
    ],
    [
      'a signature that no parameter has',
      acme({ authorization: { callback: { signature: { alg: 'hmac-sha256-hex' } } } }),
      '/providers/acme/authorization/callback/signature',
    ],
  ])('is refused with %s, by file and place', (_, path, pointer) => {
    expect(faultsOf(path)).toContainEqual(expect.objectContaining({ file: path, pointer }));
  });

  it.each([
    ['^.*$', 'https://{p}.acme.example/token', 'may hold'],
    ['^[a-z/]+$', 'https://{p}.acme.example/token', 'may hold "/"'],
    ['^[a-z@]+$', 'https://{p}.acme.example/token', 'may hold "@"'],
    ['^[a-z:]+$', 'https://{p}.acme.example/token', 'may hold ":"'],
    ['^[a-z#]+$', 'https://{p}.acme.example/token', 'may hold "#"'],
    ['^[^/]+$', 'https://{p}.acme.example/token', 'may hold'],
    ['^\\w+$', 'https://{p}.acme.example/token', 'may hold "_"'],
    ['[a-z]+', 'https://{p}.acme.example/token', 'without ^ and $'],
    ['^a$|b', 'https://{p}.acme.example/token', 'without ^ and $'],
    ['^[a-z]+$', '{p}/token', 'need not be an address'],
    ['^https://[^#]+$', '{p}/token', 'may hold'],
  ])('may not make a host of a value like %s in %s', (pattern, token, message) => {
    const faults = faultsOf(acme({ params: { p: { pattern } }, endpoints: { ...ACME.endpoints, token } }));
    expect(faults).toContainEqual({
      file: expect.any(String),
      pointer: '/providers/acme/endpoints/token',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['^[a-z.]+$', 'https://{p}/token', false],
    ['^[a-z.]+$', 'https://api.{p}/token', false],
    ['^https://[a-z./-]+\\.acme\\.example$', '{p}/token', false],
    ['^[a-z-]+$', 'https://{p}.acme.example/token', true],
    ['^[a-z-]+\\.acme\\.example$', 'https://{p}/token', true],
  ])('lets whoever connects choose by %s in %s no other domain', (pattern, token, isFine) => {
    const params = { p: { pattern, source: 'user' } };
    expect(faultsOf(acme({ params, endpoints: { ...ACME.endpoints, token } })).length === 0).toBe(isFine);
  });

  it.each(['^[a-z.]+\\.\\pL\\pL\\pL$', '(?i)^[a-z.]+\\.acme\\.example$', '^[[:alpha:]]+\\.acme\\.example$'])(
    'M1 M2 is refused with %s, of which nobody but one engine knows what it means, in a file and in settings',
    (pattern) => {
      const params = { shop: { pattern, source: 'user' } };
      const endpoints = { ...ACME.endpoints, token: 'https://{shop}/token' };
      const fault = { pointer: '/params/shop/pattern', message: expect.stringContaining('is no linear expression') };
      expect(faultsOf(acme({ params, endpoints }))).toMatchObject([
        { ...fault, pointer: `/providers/acme${fault.pointer}` },
      ]);
      expect(checkProviderSettings({ params, endpoints })).toEqual([fault]);
    },
  );

  it('may not make a host of what an answer or a callback brings', () => {
    const over = { tokenResponse: { extras: { instance: '/i' } }, revocation: { url: 'https://{instance}/revoke' } };
    expect(faultsOf(acme(over))).toMatchObject([{ pointer: '/providers/acme/revocation/url' }]);
  });

  it('is governed by what it says of itself', () => {
    expect(() => catalogue.entryOf({ strategy: 'nobody', options: {} })).toThrow(ConnectionMisconfiguredError);
  });
});
