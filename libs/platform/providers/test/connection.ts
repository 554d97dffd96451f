import type { EgressAnswer } from '@strongroom/egress';
import { Catalogue } from '../src/catalogue.js';
import type { ResolvedProvider } from '../src/resolved-provider.js';

type Options = Record<string, unknown>;

/** A custom OAuth 2.0 connection. */
export const custom = (options: Options = {}, metadata: Options | null = null): ResolvedProvider =>
  Catalogue.shipped().resolve({
    connectionId: 'con_1',
    name: 'custom',
    strategy: 'oauth2',
    options: {
      client_id: 'ours',
      authorizationURL: 'https://provider.example/authorize',
      tokenURL: 'https://provider.example/token',
      useOauthSpecScope: true,
      ...options,
    },
    metadata,
  });

export const ISSUER = 'https://idp.example';

/** An OpenID connection, with what discovery said. */
export const openid = (options: Options = {}, metadata: Options = {}): ResolvedProvider =>
  Catalogue.shipped().resolve({
    connectionId: 'con_2',
    name: 'openid',
    strategy: 'oidc',
    options: { client_id: 'ours', issuer: ISSUER, ...options },
    metadata: {
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      jwks_uri: `${ISSUER}/jwks`,
      ...metadata,
    },
  });

export const answer = (
  status: number,
  body: unknown,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): EgressAnswer => ({ status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) });

export const NOW = new Date('2027-01-15T08:00:00.000Z');
export const inSeconds = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
