import { Catalogue } from './catalogue.js';
import { fill, fillBody, fillHeaders, fillUrl } from './placeholders.js';
import { ConnectionMisconfiguredError, MissingParametersError } from './providers.errors.js';

const catalogue = Catalogue.shipped();
const resolve = (strategy: string, options: object, given: Record<string, string> = {}) =>
  catalogue.resolve(
    { connectionId: 'con_1', name: 'x', strategy, options: { client_id: 'ours', ...options }, metadata: null },
    given,
  );

const ATTACKS = [
  'a.example.com/#',
  'x@evil.example',
  'evil.example/',
  'evil.example?',
  'evil.example#',
  'evil.example:443',
  'a\n.example.com',
  'example.com\n',
  'ex\u00e4mple.com',
  '\uff45vil.example',
  'evil.example\\',
  '../evil',
  '%2e%2e',
  ' evil.example',
  '{client_id}.example',
  '127.0.0.1',
  'x'.repeat(600),
];

describe('a parameter of a connection', () => {
  it.each(ATTACKS)('leads to no other host by %j', (value) => {
    expect(() => resolve('gitlab', { host: value })).toThrow('options.host does not have the form');
    expect(() => resolve('zendesk', { subdomain: value })).toThrow(ConnectionMisconfiguredError);
    expect(() => resolve('shopify', {}, { shop: value })).toThrow(MissingParametersError);
  });

  it('is filled by its option, its default, or nothing at all', () => {
    expect(resolve('gitlab', { host: 'git.example.org' }).endpoints.token).toBe('https://git.example.org/oauth/token');
    expect(resolve('gitlab', {}).params).toEqual({ host: 'gitlab.com' });
    expect(() => resolve('zendesk', {})).toThrow('options.subdomain is missing');
    expect(() => resolve('google-apps', {})).toThrow('options.domain is missing');
    expect(resolve('waad', { tenant_domain: 'contoso.example' }).endpoints.token).toContain('/contoso.example/oauth2/');
  });

  it('that only makes addresses is not missed where metadata have them', () => {
    const metadata = { authorization_endpoint: 'https://a.example/a', token_endpoint: 'https://a.example/t' };
    const connection = { connectionId: 'con_1', name: 'x', strategy: 'okta', options: { client_id: 'ours' }, metadata };
    expect(catalogue.resolve(connection).endpoints.token).toBe('https://a.example/t');
    expect(() => resolve('okta', {})).toThrow('options.domain is missing');
  });

  it('that a person brings is named where it is missing or wrong, and cannot overrule the administrator', () => {
    const failure = (given: Record<string, string>) => {
      try {
        resolve('shopify', {}, given);
      } catch (error) {
        return (error as MissingParametersError).parameters;
      }
      return undefined;
    };
    expect(failure({})).toEqual([{ name: 'shop', source: 'user', fault: 'missing' }]);
    expect(failure({ shop: 'a.b' })).toEqual([{ name: 'shop', source: 'user', fault: 'invalid' }]);
    expect(failure({ shop: 'acme' })).toBeUndefined();
    expect(resolve('shopify', { shop: 'ours' }, { shop: 'theirs' }).params).toEqual({ shop: 'ours' });
    expect(resolve('shopify', {}, { shop: 'acme' }).manageUrl).toBe(
      'https://admin.shopify.com/store/acme/settings/apps',
    );
  });

  it('of an administrator is not taken from a flow', () => {
    expect(resolve('gitlab', {}, { host: 'evil.example' }).endpoints.token).toBe('https://gitlab.com/oauth/token');
    expect(() => resolve('zendesk', {}, { subdomain: 'evil' })).toThrow('options.subdomain is missing');
  });

  it('is asked of a callback only when its address is used', () => {
    const provider_settings = {
      params: { region: { pattern: '^[a-z]{2}$', source: 'callback', required: true } },
      endpoints: { authorization: 'https://acme.example/a', token: 'https://{region}.acme.example/token' },
    };
    const open = resolve('oauth2', { provider_settings });
    expect(open.endpoints.authorization).toBe('https://acme.example/a');
    expect(() => open.endpoints.token).toThrow(MissingParametersError);
    expect(() => open.tokenOrigin).toThrow(MissingParametersError);
    expect(resolve('oauth2', { provider_settings }, { region: 'eu' }).tokenOrigin).toBe('https://eu.acme.example');
    expect(() => resolve('oauth2', { provider_settings }, { region: 'e.evil' })).toThrow(MissingParametersError);
  });

  it('cannot be made a host by settings that only together with the entry do so', () => {
    const provider_settings = { endpoints: { userinfo: 'https://{realmId}/userinfo' } };
    expect(() => resolve('quickbooks', { provider_settings }, { realmId: 'evil.example' })).toThrow(
      ConnectionMisconfiguredError,
    );
  });
});

describe('a placeholder', () => {
  it('is percent-encoded in a path and a query, and leads out of neither', () => {
    expect(fillUrl('https://a.example/{x}?q={x}', { x: 'a/b?c#d e&f' })).toBe(
      'https://a.example/a%2Fb%3Fc%23d%20e%26f?q=a%2Fb%3Fc%23d%20e%26f',
    );
    for (const x of ['.', '..']) expect(() => fillUrl('https://a.example/{x}/b', { x })).toThrow('out of its path');
  });

  it.each(ATTACKS.filter((value) => !['127.0.0.1'].includes(value)))('makes no part of a host of %j', (x) => {
    expect(() => fillUrl('https://{x}/token', { x })).toThrow(ConnectionMisconfiguredError);
  });

  it.each([
    'https://a@b.example',
    'ftp://a.example',
    'javascript:alert(1)',
    'https://a.example/?x',
    'https://a.example/#',
    'a',
  ])('makes no address of %s', (x) => {
    expect(() => fillUrl('{x}/token', { x })).toThrow(ConnectionMisconfiguredError);
  });

  it('at the start of an address is one, whether or not it ends in a slash', () => {
    for (const x of ['https://a.example/b', 'https://a.example/b/'])
      expect(fillUrl('{x}/token', { x })).toBe('https://a.example/b/token');
  });

  it('left over is an error, also under names that every object has', () => {
    for (const name of ['x', 'constructor', '__proto__', 'toString'])
      expect(() => fill(`{${name}}`, {})).toThrow(ConnectionMisconfiguredError);
  });

  it('splits no header, and stays in a body where nobody knows it', () => {
    expect(() => fillHeaders({ 'X-A': '{x}' }, { x: 'a\r\nX-B: c' })).toThrow(ConnectionMisconfiguredError);
    expect(fillBody({ query: '{viewer{id}}', a: '{x}' }, { x: '"' })).toBe('{"query":"{viewer{id}}","a":"\\""}');
  });
});
