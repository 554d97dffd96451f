import { filled } from './addresses.js';
import type { Entry, Part } from './entry.js';

export const roles = [
  'authorization',
  'token',
  'refresh',
  'revocation',
  'introspection',
  'identity',
  'userinfo',
  'jwks',
  'discovery',
  'push',
] as const;
export type Role = (typeof roles)[number];

export type Endpoints = Partial<Record<Role | 'issuer', string>> & { authorization: string; token: string };

/**
 * The real addresses of a provider, as templates. What the entry does not say comes from recorded metadata; what
 * nobody says is made up under the issuer.
 */
export function endpointsOf(part: Part): Endpoints {
  const { entry, fixture, id } = part;
  const metadata = (fixture?.given.metadata ?? {}) as Record<string, string | undefined>;
  const urls = urlParams(part);
  const given = Object.fromEntries(
    Object.entries(entry.endpoints)
      .filter((one): one is [string, string] => typeof one[1] === 'string')
      .map(([name, url]) => [name, startsWithParam(url) ? continued(url, urls) : url]),
  ) as Partial<Record<string, string>>;
  const isOidc = entry.kind === 'oidc';
  const issuer = given['issuer'] ?? metadata['issuer'] ?? (isOidc ? `https://${id}.simulated.example` : undefined);
  const home = issuer ?? originOf(given['token'] ?? metadata['token_endpoint']) ?? `https://${id}.simulated.example`;
  const discoverable = (path: string) => (issuer === undefined ? undefined : `${home}${path}`);
  const all: { [K in keyof Endpoints]: string | undefined } = {
    issuer,
    authorization: given['authorization'] ?? metadata['authorization_endpoint'] ?? `${home}/authorize`,
    token: given['token'] ?? metadata['token_endpoint'] ?? `${home}/token`,
    refresh: given['refresh'],
    revocation:
      entry.revocation.support === 'none'
        ? undefined
        : (entry.revocation.url ?? given['revocation'] ?? metadata['revocation_endpoint'] ?? discoverable('/revoke')),
    introspection:
      given['introspection'] ??
      metadata['introspection_endpoint'] ??
      (entry.tokenResponse.noExpiry === 'introspect' ? `${home}/introspect` : undefined),
    identity: entry.identity.request?.url,
    userinfo:
      given['userinfo'] ??
      metadata['userinfo_endpoint'] ??
      (isCustom(entry) ? `${home}/userinfo` : discoverable('/userinfo')),
    jwks: given['jwks'] ?? metadata['jwks_uri'] ?? (isOidc ? `${home}/jwks` : undefined),
    discovery: given['discovery'] ?? discoverable('/.well-known/openid-configuration'),
    push: metadata['pushed_authorization_request_endpoint'] ?? discoverable('/par'),
  };
  return Object.fromEntries(Object.entries(all).filter(([, url]) => url !== undefined)) as Endpoints;
}

const originOf = (url: string | undefined): string | undefined =>
  url === undefined ? undefined : /^https?:\/\/[^/]+/.exec(url)?.[0];

/** Two slashes that meet are one, as the engine has it. */
const continued = (url: string, urls: Record<string, string>): string =>
  filled(url, urls).replace(/^(https?:\/\/.*?[^/])\/\/+/, '$1/');

export const startsWithParam = (url: string): boolean => url.startsWith('{');

/** Parameters whose value is a whole address, with the one that is played. */
export function urlParams({ id, entry, fixture }: Part): Record<string, string> {
  const names = Object.values(entry.endpoints)
    .filter((url): url is string => typeof url === 'string' && startsWithParam(url))
    .map((url) => /^\{([\w-]+)\}/.exec(url)![1]!);
  const valueOf = (name: string) =>
    fixture?.given.params?.[name] ?? entry.params[name]?.default ?? `https://${id}.simulated.example`;
  return Object.fromEntries(names.map((name) => [name, valueOf(name)]));
}

/** Nothing says where this provider is: whoever connects it says so. */
export const isCustom = ({ endpoints }: Entry): boolean =>
  endpoints.token === undefined && endpoints.issuer === undefined && endpoints.discovery === undefined;

/** RFC 7009 leaves no choice of how to ask. */
export const revocationOf = ({ revocation }: Entry): Entry['revocation'] =>
  revocation.support === 'rfc7009' ? { ...revocation, method: 'POST', auth: 'client', in: 'form' } : revocation;
