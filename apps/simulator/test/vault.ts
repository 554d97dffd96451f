import { createHash } from 'node:crypto';
import { Egress, type EgressAnswer, type EgressRequest } from '@strongroom/egress';
import {
  type AuthorizationRequest,
  authorizationRequest,
  Catalogue,
  checkCallbackSignature,
  discover,
  identityRequest,
  type IdentityDocuments,
  pushedAuthorizationRequest,
  pushedUrl,
  type ProviderError,
  type ProviderIdentity,
  type ProviderTokens,
  readCallback,
  readIdentity,
  readIdentityAnswer,
  readPushedAnswer,
  readRevocation,
  readTokenAnswer,
  type ResolvedProvider,
  revocationRequest,
  type RevocationOutcome,
  tokenRequest,
  verifyIdToken,
} from '@strongroom/providers';
import { generateKeyPair, exportJWK, type JWK, SignJWT, type CryptoKey } from 'jose';
import type { Simulator } from '../src/simulator.js';

const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

/** Who the client is and what its requests hold. */
export interface Given {
  clientId: string;
  clientSecret: string;
  state: string;
  nonce: string;
  codeVerifier: string;
  redirectUri: string;
}
const GIVEN: Given = {
  clientId: 'strongroom-client',
  clientSecret: 'cnry_s3cr3t/+ Ex',
  state: 'st_8f1c',
  nonce: 'n_2b7d',
  codeVerifier: `cnry_verifier_${'v'.repeat(40)}`,
  redirectUri: 'https://vault.example/connect/callback/simulated',
};

export interface Asking {
  params?: Record<string, string>;
  offline?: boolean;
  grantedBefore?: string[];
  scopes?: string[];
  forceConsent?: boolean;
}

export interface Connected {
  tokens: ProviderTokens;
  identity: ProviderIdentity;
  documents: IdentityDocuments;
  captured: Record<string, string>;
}

let keys: Promise<{ privateKey: CryptoKey; publicKey: CryptoKey }> | undefined;
const keyPair = () => (keys ??= generateKeyPair('PS256'));

/** What a vault does with one provider, by the engine and through the guard; it keeps nothing. */
export class Vault {
  readonly egress: Egress;

  constructor(
    readonly simulator: Simulator,
    readonly catalogue: Catalogue,
    readonly id: string,
    readonly options: Record<string, unknown>,
    readonly given: Given = GIVEN,
    /** Of a provider that has no discovery. */
    readonly metadata: Record<string, unknown> | null = null,
  ) {
    this.egress = new Egress({ allow: [simulator.origin] });
  }

  /** A catalogue that points at the simulator, over the files that the simulator was given. */
  static async catalogue(simulator: Simulator, files: readonly string[]): Promise<Catalogue> {
    return Catalogue.load([...files, await simulator.providersFile()]);
  }

  async control(method: string, what: string, body?: object): Promise<Record<string, unknown>> {
    const url = `${this.simulator.origin}/_control/${this.id}${what && `/${what}`}`;
    const answer = await fetch(url, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
    if (!answer.ok) throw new Error(`control ${what}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  /** The client is registered, and people say yes by themselves. */
  async register(settings: object = {}): Promise<void> {
    const { publicKey } = await keyPair();
    const clientKeys: JWK[] = [await exportJWK(publicKey)];
    await this.control('PUT', '', {
      clientId: this.given.clientId,
      clientSecret: this.given.clientSecret,
      clientKeys,
      redirectUris: [this.given.redirectUri],
      auto: 'accept',
      ...settings,
    });
    await this.control('DELETE', 'faults');
  }

  /** As the connection stands: discovery first where the entry needs it. */
  async resolved(given: Record<string, string> = {}, hasRefreshToken = false): Promise<ResolvedProvider> {
    const connection = {
      connectionId: 'con_1',
      name: this.id,
      strategy: this.id,
      options: { client_id: this.given.clientId, provider: this.id, ...this.options },
    };
    const discovery = this.catalogue.discoveryOf(connection);
    const metadata = discovery ? await discover(this.egress, discovery) : this.metadata;
    return this.catalogue.resolve({ ...connection, metadata }, given, { hasRefreshToken });
  }

  authorization(
    resolved: ResolvedProvider,
    { scopes, forceConsent, params = {}, offline = true, grantedBefore }: Asking = {},
  ): AuthorizationRequest {
    return authorizationRequest(resolved, {
      redirectUri: this.given.redirectUri,
      state: this.given.state,
      codeChallenge: challengeOf(this.given.codeVerifier),
      nonce: this.given.nonce,
      scopes: scopes ?? null,
      params,
      offline,
      ...(grantedBefore === undefined ? {} : { grantedBefore }),
      ...(forceConsent === undefined ? {} : { forceConsent }),
    });
  }

  /** Where the browser is sent; where the provider demands it, the request was pushed before (RFC 9126). */
  async address(resolved: ResolvedProvider, asking: Asking = {}): Promise<string> {
    const { url, members } = this.authorization(resolved, asking);
    if (!resolved.requiresPush) return url;
    const request = pushedAuthorizationRequest(resolved, members, this.given.clientSecret);
    const pushed = readPushedAnswer(resolved, await this.send(request), new Date());
    if (pushed.outcome !== 'pushed') throw new Error(`not pushed: ${JSON.stringify(pushed)}`);
    return pushedUrl(resolved, pushed.requestUri);
  }

  /** What the browser comes back with. */
  async visit(url: string): Promise<URLSearchParams> {
    const answer = await fetch(url, { redirect: 'manual' });
    const location = answer.headers.get('location');
    if (!location) throw new Error(`The simulator sent nobody back: ${answer.status} ${await answer.text()}`);
    return new URL(location).searchParams;
  }

  async browse(url: string): Promise<Record<string, string>> {
    const query = await this.visit(url);
    if (query.get('state') !== this.given.state) throw new Error('The state did not come back.');
    return Object.fromEntries(query);
  }

  async send(request: EgressRequest): Promise<EgressAnswer> {
    return this.egress.request(request);
  }

  async token(
    resolved: ResolvedProvider,
    phase: 'exchange' | 'refresh',
    input: { code?: string; refreshToken?: string; clientSecret?: string; scopes?: string[]; asked: string[] },
  ): Promise<ProviderTokens | ProviderError> {
    const request = tokenRequest(resolved, phase, {
      clientSecret: input.clientSecret ?? this.given.clientSecret,
      ...(await this.assertion(resolved)),
      redirectUri: this.given.redirectUri,
      codeVerifier: this.given.codeVerifier,
      ...(input.code === undefined ? {} : { code: input.code }),
      ...(input.refreshToken === undefined ? {} : { refreshToken: input.refreshToken }),
      ...(input.scopes === undefined ? {} : { scopes: input.scopes }),
    });
    const answer = await this.send(request);
    return readTokenAnswer(resolved, phase, { scopes: input.asked }, answer, new Date());
  }

  /** From the address to the account. */
  async connect(asking: Asking = {}): Promise<Connected> {
    const resolved = await this.resolved();
    const { scopesAsked } = this.authorization(resolved, asking);
    const query = await this.browse(await this.address(resolved, asking));
    const callback = readCallback(resolved, query);
    if (callback.outcome !== 'code') throw new Error(`no code: ${JSON.stringify(callback)}`);
    if (!checkCallbackSignature(resolved, query, this.given.clientSecret))
      throw new Error('The callback is not signed.');
    const known = await this.resolved(callback.captured);
    const tokens = await this.token(known, 'exchange', { code: callback.code, asked: scopesAsked });
    if (tokens.outcome !== 'tokens') throw new Error(`no tokens: ${JSON.stringify(tokens)}`);
    const extras = Object.fromEntries(Object.entries(tokens.extras).map(([name, value]) => [name, String(value)]));
    const account = await this.account(
      await this.resolved({ ...extras, ...callback.captured }),
      tokens,
      callback.captured,
    );
    return { tokens, ...account, captured: callback.captured };
  }

  async account(
    resolved: ResolvedProvider,
    tokens: ProviderTokens,
    captured: Record<string, string>,
    idToken = tokens.idToken,
  ): Promise<{ identity: ProviderIdentity; documents: IdentityDocuments }> {
    const documents: IdentityDocuments = { token: tokens.raw, callback: captured };
    if (resolved.isOidc && idToken !== null)
      documents.id_token = await verifyIdToken(resolved, this.egress, idToken, {
        nonce: resolved.entry.authorization.nonce ? this.given.nonce : null,
        now: new Date(),
      });
    const request = identityRequest(resolved, tokens.accessToken, documents);
    if (request) {
      const read = readIdentityAnswer(resolved, await this.send(request), new Date());
      if (read.outcome !== 'document') throw new Error(`no account: ${JSON.stringify(read)}`);
      documents[resolved.entry.identity.request ? 'request' : 'userinfo'] = read.document;
    }
    return { identity: readIdentity(resolved, documents), documents };
  }

  refresh(resolved: ResolvedProvider, refreshToken: string, granted: string[], clientSecret = this.given.clientSecret) {
    const isSaid = resolved.entry.tokenRequest.refreshScope === 'always';
    return this.token(resolved, 'refresh', {
      refreshToken,
      clientSecret,
      asked: granted,
      ...(isSaid ? { scopes: granted } : {}),
    });
  }

  async revoke(
    resolved: ResolvedProvider,
    tokens: { accessToken: string | null; refreshToken: string | null },
  ): Promise<RevocationOutcome[]> {
    const outcomes: RevocationOutcome[] = [];
    for (const request of revocationRequest(resolved, tokens, this.given.clientSecret))
      outcomes.push(readRevocation(resolved, await this.send(request), new Date()));
    return outcomes;
  }

  async reads(accessToken: string): Promise<number> {
    const headers = { authorization: `Bearer ${accessToken}` };
    return (await fetch(`${this.simulator.origin}/${this.id}/_api/me`, { headers })).status;
  }

  async isAlive(token: string): Promise<boolean> {
    return (await this.control('POST', 'truth', { token }))['alive'] as boolean;
  }

  /** RFC 7523, for where the connection signs with a key. */
  private async assertion({ clientAuthMethods, clientId, endpoints, entry }: ResolvedProvider) {
    const isChosen = this.options['token_endpoint_auth_method'] === 'private_key_jwt' || clientAuthMethods.length === 1;
    if (clientAuthMethods[0] !== 'private_key_jwt' || !isChosen) return {};
    const audience = entry.clientAuth.assertion.audience === 'issuer' ? endpoints.issuer! : endpoints.token;
    const clientAssertion = await new SignJWT({ jti: `jti-${Math.random()}` })
      .setProtectedHeader({ alg: 'PS256' })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign((await keyPair()).privateKey);
    return { clientAssertion };
  }
}
