import type { Client, KoaContextWithOIDC, Provider, ResourceServer } from 'oidc-provider';
// @ts-expect-error: an inner module, which the library's types leave out
import ServerChallenge from 'oidc-provider/lib/helpers/challenge.js';
// @ts-expect-error: another
import settingsOf from 'oidc-provider/lib/helpers/weak_cache.js';
import type { ResourceServerEntity } from '../apis/resource-server.entity.js';
import { doorPass } from '../door/door-pass.js';
import { apiUrn } from '../tokens/granted-apis.js';

/** The library's own nonces for proofs of possession: what the door accepts it must accept too. */
export interface NonceChallenge {
  nextChallenge(): string;
  checkChallenge(nonce: string): boolean;
}
export const NonceChallenge = ServerChallenge as new (secret: Buffer, info: 'DPoP') => NonceChallenge;

/**
 * Everything that reaches past the public API of oidc-provider, which is pinned to one version for it
 * (`spec/identity.md` §10). ID-01 fails when a seam is gone.
 */
interface SessionPrototype {
  uid: string;
  sidFor: (this: SessionPrototype, clientId: string, sid?: string) => unknown;
  ensureClientContainer: (this: SessionPrototype, clientId: string) => void;
}
interface ClaimsPrototype {
  available: Record<string, unknown>;
  result: (this: ClaimsPrototype) => Promise<Record<string, unknown>>;
}
interface Prototypes {
  Client: { prototype: { includeSid: () => unknown }; Schema: { prototype: { redirectUris: () => void } } };
  Session: { prototype: SessionPrototype };
  AccessToken: TokenModel;
  ClientCredentials: TokenModel;
  ResourceServer: new (urn: string, info: ResourceServer) => unknown;
  Claims: { prototype: ClaimsPrototype };
  ReplayDetection: { unique: (clientId: string, jti: string, expiresAt: number) => Promise<boolean> };
  IdToken: new (
    available: Record<string, unknown>,
    context: { ctx: KoaContextWithOIDC },
  ) => {
    scope: string;
    set(name: string, value: unknown): void;
    issue(options: { use: 'idtoken' }): Promise<string>;
  };
}

type ResponseMode = Parameters<Provider['registerResponseMode']>[1];

const responseModesOf = (provider: Provider): Map<string, ResponseMode> =>
  (settingsOf as (of: Provider) => { responseModes: Map<string, ResponseMode> })(provider).responseModes;

const inner = (provider: Provider): Prototypes => provider as Provider & Prototypes;

/** What is patched, for the test that looks whether it is still there. */
export function patchPoints(provider: Provider): Record<string, unknown> {
  const { Client, Session, Claims, IdToken, ReplayDetection } = inner(provider);
  return {
    'Client.includeSid': Client.prototype.includeSid,
    'Client.Schema.redirectUris': Client.Schema.prototype.redirectUris,
    'Session.ensureClientContainer': Session.prototype.ensureClientContainer,
    'Session.sidFor': Session.prototype.sidFor,
    'Claims.result': Claims.prototype.result,
    'ReplayDetection.unique': ReplayDetection.unique,
    'responseModes.delete': (responseModesOf(provider) as { delete: unknown }).delete,
    IdToken,
  };
}

export function patch(provider: Provider): void {
  for (const [name, found] of Object.entries(patchPoints(provider)))
    if (typeof found !== 'function') throw new Error(`oidc-provider has no ${name}: it is not the version we patch`);
  const { Client, Session, Claims, ReplayDetection } = inner(provider);

  // Every ID token and access token says its session.
  Client.prototype.includeSid = () => true;

  // One sid per browser session, not one per client.
  Session.prototype.ensureClientContainer = function (clientId) {
    this.sidFor(clientId, this.uid);
  };

  // The library reads and then writes, so that all of many at once were first. The door has asked `ReplayStore`; a proof
  // that came past the door counts as used.
  ReplayDetection.unique = (_, jti) => Promise.resolve(doorPass.getStore()?.proof?.jti === jti);

  // Callbacks were checked when the client was saved; a native one may stand beside a web one.
  Client.Schema.prototype.redirectUris = () => undefined;

  // `sub` is the public id; the library insists on its own key of the person.
  const result = Claims.prototype.result;
  Claims.prototype.result = async function () {
    const claims = await result.call(this);
    if (claims['sub'] !== undefined && this.available['public_id'] !== undefined)
      claims['sub'] = this.available['public_id'];
    return claims;
  };
}

/** The library registers its own first and keeps it; its pages have words, a script and no language of their own. */
export function replaceResponseMode(provider: Provider, name: string, handler: ResponseMode): void {
  if (!responseModesOf(provider).delete(name)) throw new Error(`oidc-provider has no response mode ${name}`);
  provider.registerResponseMode(name, handler);
}

/** An ID token with the claims that the scopes open. */
export async function idToken(
  provider: Provider,
  ctx: KoaContextWithOIDC,
  about: { claims: Record<string, unknown>; scope: string; sid?: string | undefined; nonce?: string | undefined },
): Promise<string> {
  const token = new (inner(provider).IdToken)(about.claims, { ctx });
  token.scope = about.scope;
  token.set('sid', about.sid);
  token.set('nonce', about.nonce);
  return token.issue({ use: 'idtoken' });
}

interface IssuedToken {
  scope: string | undefined;
  jkt: string | undefined;
  resourceServer: unknown;
  expiration: number;
  save(): Promise<string>;
}
type TokenModel = new (properties: Record<string, unknown>) => IssuedToken;

/** An access token in the form of its API; opaque without one. */
export async function accessToken(
  provider: Provider,
  about: {
    kind: 'AccessToken' | 'ClientCredentials';
    client: Client;
    api: ResourceServerEntity | null;
    scope: string;
    person?: { accountId: string; grantId: string; gty: string; sid?: string; sessionUid?: string };
    /** The key that it is bound to. */
    jkt: string | null;
  },
): Promise<{ value: string; expiresIn: number; tokenType: 'Bearer' | 'DPoP' }> {
  const models = inner(provider);
  const { accountId, grantId, gty, sid, sessionUid } = about.person ?? {};
  const token = new models[about.kind]({ client: about.client, accountId, grantId, gty, sid, sessionUid });
  if (about.api)
    token.resourceServer = new models.ResourceServer(apiUrn(about.api), resourceServer(about.api, about.scope));
  token.scope = about.scope || undefined;
  token.jkt = about.jkt ?? undefined;
  return { value: await token.save(), expiresIn: token.expiration, tokenType: about.jkt ? 'DPoP' : 'Bearer' };
}

/** An API as the library wants it described. */
export const resourceServer = (api: ResourceServerEntity, scope: string): ResourceServer => ({
  scope,
  audience: api.identifier,
  accessTokenTTL: api.tokenLifetime,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg: api.signingAlg } },
});
