import { answer } from '../test/connection.js';
import { Catalogue } from './catalogue.js';
import { discover } from './discover.js';
import { discoveryOf } from './discovery-of.js';
import { merge } from './merge.js';

const ISSUER = 'https://idp.example/tenant';
const document = (more: object = {}) => ({ issuer: ISSUER, token_endpoint: `${ISSUER}/token`, ...more });

const outside = (pages: Record<string, unknown>, denied: string[] = []) => {
  const asked: string[] = [];
  return {
    asked,
    request: async ({ url }: { url: string }) => {
      asked.push(url);
      return pages[url] === undefined ? answer(404, '') : answer(200, pages[url]);
    },
    check: (url: string) => {
      if (denied.includes(url)) throw new Error(`denied ${url}`);
    },
  };
};
const OPENID = `${ISSUER}/.well-known/openid-configuration`;
const OAUTH = 'https://idp.example/.well-known/oauth-authorization-server/tenant';

describe('discovery', () => {
  it.each([OPENID, OAUTH])('finds the document at %s', async (where) => {
    expect(await discover(outside({ [where]: document() }), ISSUER)).toEqual(document());
  });

  it('takes the address of the document too', async () => {
    expect(await discover(outside({ [OPENID]: document() }), OPENID)).toEqual(document());
    expect(await discover(outside({ [OPENID]: document({ issuer: `${ISSUER}/` }) }), OPENID)).toBeDefined();
  });

  it.each([
    ['another issuer', { [OPENID]: document({ issuer: 'https://evil.example' }) }, /another issuer/],
    ['an issuer that differs by a slash', { [OPENID]: document({ issuer: `${ISSUER}/` }) }, /slash/],
    ['no document', {}, /status 404/],
    ['HTML', { [OPENID]: '<html>' }, /no JSON object/],
    ['an endpoint that is no URL', { [OPENID]: document({ jwks_uri: 'x' }) }, /jwks_uri/],
  ])('refuses %s', async (_, pages, message) => {
    await expect(discover(outside(pages as Record<string, unknown>), ISSUER)).rejects.toThrow(message);
  });

  it('P1 checks every address in the document', async () => {
    const inner = 'https://10.0.0.1/jwks';
    const denying = outside({ [OPENID]: document({ jwks_uri: inner }) }, [inner]);
    await expect(discover(denying, ISSUER)).rejects.toThrow('denied');
  });
});

describe('where discovery looks', () => {
  const base = Catalogue.shipped().providers.get('oidc')!.entry;
  const urls = { authorization: `${ISSUER}/a`, token: `${ISSUER}/t`, jwks: `${ISSUER}/k` };
  const where = (kind: 'oauth2' | 'oidc', endpoints: object) =>
    discoveryOf(merge({ ...base, kind, params: {}, endpoints: {} }, { endpoints }), {}, {})?.url ?? null;

  it('is the issuer, where an entry names no document and leaves out what must be known', () => {
    expect(where('oidc', { issuer: ISSUER })).toBe(ISSUER);
    expect(where('oidc', { ...urls, issuer: ISSUER, jwks: undefined })).toBe(ISSUER);
    expect(where('oauth2', { issuer: ISSUER, token: urls.token })).toBe(ISSUER);
    expect(where('oidc', { ...urls, issuer: ISSUER })).toBeNull();
    expect(where('oauth2', { ...urls, issuer: ISSUER, jwks: undefined })).toBeNull();
    expect(where('oauth2', {})).toBeNull();
  });
});
