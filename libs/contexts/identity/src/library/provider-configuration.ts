import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import { type Configuration, type Provider } from 'oidc-provider';
import { DataSource } from 'typeorm';
import { ClientEntity } from '../clients/client.entity.js';
import { AccessTokenForm } from '../signing/access-token-form.js';
import { ArtefactAdapter } from './artefact-adapter.js';
import { ClientAdapter } from './client-adapter.js';
import { DPOP_ALGORITHMS } from '../dpop/dpop-proof.js';
import { DpopNonces } from '../dpop/dpop-nonces.js';
import { refreshLifetimes } from '../door/client-facts.js';
import { ownData } from './client-metadata.js';
import { SignInSettings } from '../sign-in/sign-in-settings.js';
import type { LoadedKeys } from '../signing/signing-keys.js';
import { sessionSecondsLeft } from '../sessions/session-lifetime.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** What the library is told (`spec/identity.md` §§1-8). Everything else it does by itself is off. */
@Injectable()
export class ProviderConfiguration {
  constructor(
    private readonly database: DataSource,
    private readonly publicUrl: PublicUrl,
    private readonly form: AccessTokenForm,
    private readonly nonces: DpopNonces,
    private readonly signIn: SignInSettings,
  ) {}

  /** What a provider that was built is given besides. */
  complete(provider: Provider): void {
    this.signIn.complete(provider);
  }

  build(keys: LoadedKeys): Configuration {
    const clients = new ClientAdapter(this.database.getRepository(ClientEntity));
    return {
      ...this.signIn.build(),
      adapter: (kind: string) => (kind === 'Client' ? clients : new ArtefactAdapter(this.database, kind)),
      jwks: { keys: keys.signing },
      responseTypes: ['code'],
      allowOmittingSingleRegisteredRedirectUri: false,
      clientAuthMethods: ['none'],
      clientDefaults: { id_token_signed_response_alg: 'RS256', token_endpoint_auth_method: 'none' },
      enabledJWA: { idTokenSigningAlgValues: ['RS256'], dPoPSigningAlgValues: DPOP_ALGORITHMS },
      extraClientMetadata: { properties: ['strongroom'] },
      cookies: this.cookies(keys.cookies),
      pkce: { required: (_, client) => !(ownData(client).confidential && !ownData(client).requirePkce) },
      // What is to end with a session is ended with it. The library's way asks for the one grant that the session holds of
      // the client, and of several requests of a browser at once each may have made one.
      expiresWithSession: () => false,
      issueRefreshToken: (_, client, code) =>
        client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
      routes: {
        authorization: '/authorize',
        token: '/oauth/token',
        pushed_authorization_request: '/oauth/par',
        jwks: '/.well-known/jwks.json',
      },
      formats: {
        bitsOfOpaqueRandomness: 256,
        customizers: {
          jwt: (ctx, token, jwt) =>
            this.form.shape(ctx, token, jwt, (header, payload) => Object.assign(jwt, { header, payload })),
        },
      },
      // Nothing a client may register is an address that we call; the library's own way out has no guard.
      fetch: () => Promise.reject(new Error('the authorization server calls nobody')),
      features: {
        devInteractions: { enabled: false },
        dPoP: { enabled: true, nonceSecret: this.nonces.secret(keys), requireNonce: () => this.nonces.areRequired },
        pushedAuthorizationRequests: { enabled: true },
        rpInitiatedLogout: { enabled: false },
        userinfo: { enabled: false },
        resourceIndicators: this.signIn.resources(),
      },
      ttl: {
        AccessToken: (_, token) => token.resourceServer?.accessTokenTTL ?? DAY,
        ClientCredentials: (_, token) => token.resourceServer?.accessTokenTTL ?? DAY,
        AuthorizationCode: 60,
        Grant: (ctx) => this.signIn.grantLifetime(ctx),
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
    const prefix = (name: string) => (isHttps ? name : '');
    return {
      keys,
      names: {
        session: `${prefix('__Host-')}strongroom_session`,
        // One per step, at the address of that step: `__Host-` would allow only one for all of them.
        interaction: `${prefix('__Secure-')}strongroom_step`,
        resume: `${prefix('__Secure-')}strongroom_resume`,
      },
      long: { ...common, path: '/', sameSite: isHttps ? 'none' : 'lax' },
      short: { ...common, sameSite: 'lax' },
    };
  }
}
