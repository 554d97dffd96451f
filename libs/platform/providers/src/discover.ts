import type { Egress } from '@strongroom/egress';
import { DiscoveryError } from './providers.errors.js';
import { readBody } from './read-body.js';

const OPENID = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';
const URLS = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'revocation_endpoint',
  'introspection_endpoint',
  'pushed_authorization_request_endpoint',
];

export interface Discovery {
  /** An issuer, or the address of its document. */
  url: string;
  /** Which issuers the document may name; by default the one it was asked for. */
  accepts?: (issuer: string) => boolean;
}

/**
 * A provider's metadata, from its issuer or from the address of the document. The document must name the issuer it was
 * asked for (OpenID Connect Discovery §4.3, RFC 8414 §3.3); every address in it passes the egress policy.
 *
 * @throws DiscoveryError that says what is wrong
 */
export async function discover(
  egress: Pick<Egress, 'request' | 'check'>,
  where: string | Discovery,
): Promise<Record<string, unknown>> {
  const { url: issuerOrUrl, accepts } = typeof where === 'string' ? ({ url: where } as Discovery) : where;
  if (!URL.canParse(issuerOrUrl)) throw new DiscoveryError('the issuer is not a URL');
  const { locations, issuers } = expected(issuerOrUrl);
  const document = await firstDocument(egress, locations);
  const issuer = document['issuer'];
  if (typeof issuer !== 'string' || !(accepts ? accepts(issuer) : issuers.includes(issuer)))
    throw new DiscoveryError(
      `the document names another issuer than ${issuers[0]}; configure exactly the issuer that the provider names, a slash at its end included`,
    );
  for (const name of URLS) {
    const url = document[name];
    if (url === undefined) continue;
    if (typeof url !== 'string' || !URL.canParse(url)) throw new DiscoveryError(`${name} of the document is not a URL`);
    egress.check(url);
  }
  return document;
}

function expected(issuerOrUrl: string): { locations: string[]; issuers: string[] } {
  const known = [OPENID, OAUTH].find((path) => issuerOrUrl.includes(path));
  if (known) {
    // The address says the issuer up to a slash at its end.
    const issuer = issuerOrUrl.replace(known, '').replace(/\/$/, '');
    return { locations: [issuerOrUrl], issuers: [issuer, `${issuer}/`] };
  }
  const { origin, pathname } = new URL(issuerOrUrl);
  const path = pathname.replace(/\/$/, '');
  return { locations: [`${origin}${path}${OPENID}`, `${origin}${OAUTH}${path}`], issuers: [issuerOrUrl] };
}

async function firstDocument(egress: Pick<Egress, 'request'>, locations: string[]): Promise<Record<string, unknown>> {
  let said = '';
  for (const url of locations) {
    const answer = await egress.request({ method: 'GET', url, headers: { Accept: 'application/json' } });
    const document = answer.status === 200 ? readBody(answer, ['json']) : undefined;
    if (document !== undefined && !Array.isArray(document)) return document as Record<string, unknown>;
    said ||= answer.status === 200 ? 'something that is no JSON object' : `status ${answer.status}`;
  }
  throw new DiscoveryError(`${locations[0]} answered with ${said}; discovery needs the provider's metadata there`);
}
