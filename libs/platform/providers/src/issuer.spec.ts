import { Catalogue } from './catalogue.js';
import { readCallback } from './callback.js';
import { isIssuer } from './issuer.js';

const catalogue = Catalogue.shipped();
const TENANT = '11112222-3333-4444-8555-666677778888';
const OTHER = '99998888-7777-4666-8555-444433332222';
const issuer = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`;

function directory(tenant?: string, found?: string) {
  return catalogue.resolve({
    connectionId: 'con_1',
    name: 'x',
    strategy: 'waad',
    options: { client_id: 'ours', ...(tenant ? { tenant_domain: tenant } : {}) },
    metadata: found === undefined ? null : { issuer: found },
  });
}
const accepts = (resolved: ReturnType<typeof directory>, iss: string, claims?: object) =>
  isIssuer(resolved, resolved.endpoints.issuer!, iss, claims as Record<string, unknown>);

describe('an issuer that each ID token fills', () => {
  it('is of the form of its parameter and what the token claims', () => {
    const many = directory('organizations', issuer('{tenantid}'));
    expect(accepts(many, issuer(TENANT), { tid: TENANT })).toBe(true);
    expect(accepts(many, issuer(OTHER), { tid: TENANT })).toBe(false);
    expect(accepts(many, issuer(TENANT), {})).toBe(false);
    for (const tenant of ['{tenantid}', '{tid}', 'organizations', '', `${TENANT}/x`, `${TENANT}/v2.0/${TENANT}`])
      expect(accepts(many, issuer(tenant))).toBe(false);
    for (const iss of ['', issuer(TENANT).replace('https', 'http'), `${issuer(TENANT)}/`, `x${issuer(TENANT)}`])
      expect(accepts(many, iss)).toBe(false);
  });

  it('is the tenant of the connection, if that is one', () => {
    const one = directory(TENANT);
    expect(accepts(one, issuer(TENANT), { tid: TENANT })).toBe(true);
    expect(accepts(one, issuer(OTHER), { tid: OTHER })).toBe(false);
  });

  it('is bound by metadata that name a single one', () => {
    const bound = directory('contoso.example', issuer(TENANT));
    expect(bound.endpoints.issuer).toBe(issuer(TENANT));
    expect(accepts(bound, issuer(OTHER), { tid: OTHER })).toBe(false);
    expect(() => directory('contoso.example', 'https://evil.example/v2.0')).toThrow('not of this connection');
    expect(() => directory(TENANT, issuer(OTHER))).toThrow('not of this connection');
  });

  it('is compared in a callback as well', () => {
    const many = directory();
    expect(readCallback(many, { code: 'cnry_c', iss: issuer(TENANT) })).toMatchObject({ outcome: 'code' });
    expect(readCallback(many, { code: 'cnry_c', iss: 'https://evil.example' })).toMatchObject({
      reason: 'iss_mismatch',
    });
  });
});

describe('where metadata are looked for', () => {
  it('a document for many tenants is accepted only of an entry that is for many', () => {
    const of = (strategy: string, options: object = {}) =>
      catalogue.discoveryOf({ strategy, options: { client_id: 'ours', ...options } });
    const many = of('waad');
    expect(many?.url).toBe(issuer('organizations') + '/.well-known/openid-configuration');
    expect(many?.accepts?.(issuer('{tenantid}'))).toBe(true);
    expect(many?.accepts?.(issuer(TENANT))).toBe(true);
    expect(many?.accepts?.('https://evil.example/v2.0')).toBe(false);
    expect(of('waad', { tenant_domain: TENANT })?.accepts?.(issuer(OTHER))).toBe(false);
    expect(of('google-oauth2')?.accepts?.('https://accounts.google.com')).toBe(true);
    expect(of('google-oauth2')?.accepts?.('https://accounts.google.com/{tenantid}')).toBe(false);
    expect(of('oidc', { issuer: 'https://idp.example' })?.url).toBe('https://idp.example');
    expect(of('oidc')).toBeNull();
    expect(of('github')).toBeNull();
  });
});
