import { Injectable } from '@nestjs/common';
import { html, page, pageHeaders, PublicUrl } from '@strongroom/http';
import { type Configuration, errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { DataSource } from 'typeorm';
import { ClientEntity } from '../clients/client.entity.js';
import { AccessTokenForm } from '../signing/access-token-form.js';
import { Accounts, CLAIMS, type PersonAccount } from '../sign-in/accounts.js';
import { OIDC_SCOPES } from '../tokens/granted-apis.js';
import { ArtefactAdapter } from './artefact-adapter.js';
import { ClientAdapter } from './client-adapter.js';
import { DPOP_ALGORITHMS } from '../dpop/dpop-proof.js';
import { DpopNonces } from '../dpop/dpop-nonces.js';
import { refreshLifetimes } from '../door/client-facts.js';
import { ownData } from './client-metadata.js';
import { SignInRules } from '../sign-in/sign-in-rules.js';
import type { LoadedKeys } from '../signing/signing-keys.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** What the library is told (`spec/identity.md` §§1-8). Everything else it does by itself is off. */
@Injectable()
export class ProviderConfiguration {
  constructor(
    private readonly database: DataSource,
    private readonly publicUrl: PublicUrl,
    private readonly accounts: Accounts,
    private readonly rules: SignInRules,
    private readonly form: AccessTokenForm,
    private readonly nonces: DpopNonces,
  ) {}

  build(keys: LoadedKeys): Configuration {
    const clients = new ClientAdapter(this.database.getRepository(ClientEntity));
    return {
      adapter: (kind: string) => (kind === 'Client' ? clients : new ArtefactAdapter(this.database, kind)),
      jwks: { keys: keys.signing },
      claims: CLAIMS,
      scopes: [...OIDC_SCOPES],
      responseTypes: ['code'],
      clientAuthMethods: ['none'],
      clientDefaults: { id_token_signed_response_alg: 'RS256', token_endpoint_auth_method: 'none' },
      conformIdTokenClaims: false,
      enabledJWA: { idTokenSigningAlgValues: ['RS256'], dPoPSigningAlgValues: DPOP_ALGORITHMS },
      extraClientMetadata: { properties: ['strongroom'] },
      findAccount: (_, personId) => this.accounts.find(personId),
      cookies: this.cookies(keys.cookies),
      pkce: { required: (_, client) => !(ownData(client).confidential && !ownData(client).requirePkce) },
      issueRefreshToken: (_, client, code) =>
        client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
      loadExistingGrant: (ctx) => this.rules.grant(ctx),
      renderError: refuseWithPage,
      routes: {
        authorization: '/authorize',
        token: '/oauth/token',
        pushed_authorization_request: '/oauth/par',
        jwks: '/.well-known/jwks.json',
      },
      interactions: { url: (_, { uid, prompt }) => `/u/${prompt.name}/${uid}`, policy: prompts() },
      formats: {
        bitsOfOpaqueRandomness: 256,
        customizers: {
          jwt: (ctx, token, jwt) =>
            this.form.shape(ctx, token, jwt, (header, payload) => Object.assign(jwt, { header, payload })),
        },
      },
      extraParams: {
        audience: (ctx) => this.rules.afterScopes(ctx, String(ctx.query['scope'] ?? '').split(' ')),
        organization: refuseOrganisations,
        invitation: refuseOrganisations,
      },
      // Nothing a client may register is an address that we call; the library's own way out has no guard.
      fetch: () => Promise.reject(new Error('the authorization server calls nobody')),
      features: {
        devInteractions: { enabled: false },
        dPoP: { enabled: true, nonceSecret: this.nonces.secret(keys), requireNonce: () => this.nonces.areRequired },
        pushedAuthorizationRequests: { enabled: true },
        rpInitiatedLogout: { enabled: false },
        userinfo: { enabled: false },
        resourceIndicators: {
          enabled: true,
          defaultResource: async (ctx) => await this.rules.resource(ctx),
          getResourceServerInfo: (_, urn, client) => this.rules.api(client.clientId, urn),
          useGrantedResource: () => true,
        },
      },
      ttl: {
        AccessToken: (_, token) => token.resourceServer?.accessTokenTTL ?? DAY,
        ClientCredentials: (_, token) => token.resourceServer?.accessTokenTTL ?? DAY,
        AuthorizationCode: 60,
        Grant: (ctx) => this.rules.grantLifetime(ctx),
        IdToken: 10 * HOUR,
        Interaction: HOUR,
        RefreshToken: (_, __, client) => {
          const { absolute, idle } = refreshLifetimes(ownData(client).refreshToken);
          return Math.min(absolute, idle);
        },
        Session: (_, session) => sessionSecondsLeft(session.loginTs),
      },
    };
  }

  /** Sign-in may run in an iframe of another site: `None`, which browsers take with `Secure` only. */
  private cookies(keys: string[]): NonNullable<Configuration['cookies']> {
    const { isHttps } = this.publicUrl;
    const common = { httpOnly: true, overwrite: true, signed: true, secure: isHttps };
    const prefix = isHttps ? '__Host-' : '';
    return {
      keys,
      names: { session: `${prefix}strongroom_session`, interaction: 'strongroom_step', resume: 'strongroom_resume' },
      long: { ...common, path: '/', sameSite: isHttps ? 'none' : 'lax' },
      short: { ...common, sameSite: 'lax' },
    };
  }
}

/** Two hours idle, a day in all. */
const sessionSecondsLeft = (loginTs: number | undefined): number => {
  const since = loginTs === undefined ? 0 : Math.floor(Date.now() / 1000) - loginTs;
  return Math.max(1, Math.min(2 * HOUR, DAY - since));
};

/** The library's own, but `id_token_hint` names people by their public id. */
function prompts(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  const login = policy.get('login')!;
  login.checks.remove('id_token_hint');
  login.checks.add(
    new interactionPolicy.Check('id_token_hint', 'id_token_hint is about somebody else', (ctx) => {
      const hint = ctx.oidc.entities.IdTokenHint as { payload: { sub?: unknown } } | undefined;
      return hint !== undefined && hint.payload.sub !== (ctx.oidc.account as PersonAccount | undefined)?.user.userId;
    }),
  );
  return policy;
}

function refuseOrganisations(_: KoaContextWithOIDC, value: string | undefined): void {
  if (value !== undefined) throw new errors.InvalidRequest('organisations are not offered');
}

/** Where nothing may be redirected to: an unknown client or callback. */
function refuseWithPage(ctx: KoaContextWithOIDC, out: { error: string; error_description?: string | undefined }): void {
  ctx.set({ ...pageHeaders });
  ctx.type = 'html';
  ctx.body = page(
    'This sign-in cannot go on',
    html`<p class="problem">${out.error_description ?? out.error}</p>
      <p>Go back to the application and start again. If it stays, tell the people who run it: ${out.error}.</p>`,
  ).markup;
}
