import { Injectable } from '@nestjs/common';
import { errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider';
import { AccessDeniedError } from '../authorization.errors.js';
import { refreshLifetimes } from '../door/client-facts.js';
import { ownData } from '../library/client-metadata.js';
import { resourceServer } from '../library/library-seams.js';
import { libraryError } from '../library/token-errors.js';
import { scopeList } from '../scope-list.js';
import { Apis, apiUrn, isOidcScope, OIDC_SCOPES } from '../tokens/granted-apis.js';
import type { UserEntity } from '../users/user.entity.js';
import { Accounts, type PersonAccount } from './accounts.js';
import { Consents } from './consents.js';
import { type AskingClient, MANAGEMENT_SECONDS, PeoplesScopes } from './peoples-scopes.js';

const DAY = 24 * 3600;

type Grant = InstanceType<KoaContextWithOIDC['oidc']['provider']['Grant']>;

/** What a person's sign-in may lead to: which API, which scopes, with or without asking. */
@Injectable()
export class SignInRules {
  constructor(
    private readonly apis: Apis,
    private readonly scopes: PeoplesScopes,
    private readonly accounts: Accounts,
    private readonly consents: Consents,
  ) {}

  /** `audience` as the library's resource; undefined: a token for `/userinfo` only. */
  async resource(ctx: KoaContextWithOIDC): Promise<string | undefined> {
    const { params } = ctx.oidc;
    const audience = params?.['audience'] || (await this.apis.defaultAudience());
    if (!params || typeof audience !== 'string' || !audience) return undefined;
    params['audience'] = audience;
    const api = await this.apis.byIdentifier(audience);
    if (!api) throw new errors.InvalidTarget(`there is no API with the identifier ${audience.slice(0, 255)}`);
    return apiUrn(api);
  }

  /** What the API has for the person who is signed in; asked at each step, and again when the code is redeemed. */
  async api(ctx: KoaContextWithOIDC, urn: string): Promise<ResourceServer> {
    const api = await this.apis.byUrn(urn);
    if (!api) throw new errors.InvalidTarget('the API is gone');
    const scopes = await this.scopes.of(askingClient(ctx), api, await this.person(ctx));
    if (!scopes) throw denied(ctx, `people get no token for ${api.identifier} through this client`);
    const isManagement = this.apis.isManagement(api);
    if (isManagement && ctx.oidc.route === 'token') {
      const coded = codeScopes(ctx).filter((scope) => api.scopes.some(({ value }) => value === scope));
      if (!coded.every((scope) => scopes.includes(scope))) throw denied(ctx, NO_ADMINISTRATOR);
    }
    const described = resourceServer(api, [...new Set([...OIDC_SCOPES, ...scopes])].join(' '));
    return isManagement ? { ...described, accessTokenTTL: MANAGEMENT_SECONDS } : described;
  }

  /**
   * Whether the person, who is known for certain by now, may have a token for the Management API; an administrator at
   * the dashboard then has all of it.
   */
  async settleManagement(ctx: KoaContextWithOIDC): Promise<void> {
    const { params, resourceServers = {} } = ctx.oidc;
    for (const urn of Object.keys(resourceServers)) {
      const api = await this.apis.byUrn(urn);
      if (!api || !params || !this.apis.isManagement(api)) continue;
      const person = await this.person(ctx);
      const scopes = (await this.scopes.of(askingClient(ctx), api, person)) ?? [];
      const asked = scopeList(params['scope']);
      if (this.scopes.isAdministering(askingClient(ctx), api, person))
        params['scope'] = [...new Set([...asked, ...scopes])].join(' ');
      else if (!asked.some((scope) => scopes.includes(scope))) throw denied(ctx, NO_ADMINISTRATOR);
    }
  }

  /**
   * Runs after the library has looked at the scopes. It has dropped `offline_access`, which it gives only to who was
   * asked; here the client and the API decide.
   */
  async afterScopes(ctx: KoaContextWithOIDC, asked: string[]): Promise<void> {
    const { params, client } = ctx.oidc;
    if (!params || !client) return;
    const scopes = scopeList(params['scope']);
    if (!params['code_challenge'] && scopes.includes('openid') && !params['nonce'])
      throw new errors.InvalidRequest('nonce is required without code_challenge');
    if (!asked.includes('offline_access')) return;
    const audience = params['audience'];
    const api = typeof audience === 'string' && audience ? await this.apis.byIdentifier(audience) : undefined;
    const isAllowed = client.grantTypeAllowed('refresh_token') && (!api || api.allowOfflineAccess);
    const others = scopes.filter((scope) => scope !== 'offline_access');
    params['scope'] = [...others, ...(isAllowed ? ['offline_access'] : [])].join(' ') || undefined;
  }

  /** The grant of this session and client, extended by all that needs no question. */
  async grant(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
    const { provider, client, session, account, resourceServers } = ctx.oidc;
    if (!client || !session || !account) return undefined;
    const id = session.grantIdFor(client.clientId);
    const found = id ? await provider.Grant.find(id) : undefined;
    const grant =
      found?.accountId === account.accountId && found.clientId === client.clientId
        ? found
        : new provider.Grant({ accountId: account.accountId, clientId: client.clientId });

    const given = await this.consents.given(account.accountId, client.clientId);
    const { firstParty } = ownData(client);
    const oidc = [...ctx.oidc.requestParamOIDCScopes].filter((scope) => firstParty || given.get('')?.includes(scope));
    const stood: string[] = [];
    if (oidc.length > 0) {
      grant.addOIDCScope(oidc.join(' '));
      await this.consents.add(account.accountId, client.clientId, '', oidc);
      stood.push('');
    }
    for (const [urn, server] of Object.entries(resourceServers ?? {})) {
      const api = await this.apis.byUrn(urn);
      if (!api) continue;
      const isAdministering = this.scopes.isAdministering(askingClient(ctx), api, (account as PersonAccount).user);
      const skips = isAdministering || (firstParty && api.skipConsentForVerifiableFirstPartyClients);
      const asked = isAdministering ? [...server.scopes] : [...ctx.oidc.requestParamScopes];
      const scopes = asked.filter(
        (scope) =>
          server.scopes.has(scope) &&
          (isOidcScope(scope) ? oidc.includes(scope) : skips || given.get(api.identifier)?.includes(scope)),
      );
      if (scopes.length === 0) continue;
      grant.addResourceScope(urn, scopes.join(' '));
      const own = scopes.filter((scope) => !isOidcScope(scope));
      if (own.length === 0) continue;
      await this.consents.add(account.accountId, client.clientId, api.identifier, own);
      stood.push(api.identifier);
    }
    if (!grant.openid && !grant.resources) return undefined;
    delete grant.exp; // each use prolongs it
    await this.consents.endUnless(account.accountId, client.clientId, stood, await grant.save());
    return grant;
  }

  /** Seconds: longer than whatever stands on the grant. */
  grantLifetime(ctx: KoaContextWithOIDC): number {
    const settings = ctx.oidc.client ? ownData(ctx.oidc.client).refreshToken : null;
    return Math.max(31 * DAY, refreshLifetimes(settings).absolute + DAY);
  }

  private async person(ctx: KoaContextWithOIDC): Promise<UserEntity | null> {
    const known = (ctx.oidc.account as PersonAccount | undefined)?.user;
    const personId = ctx.oidc.session?.accountId;
    return known ?? (personId ? this.accounts.user(personId) : null);
  }
}

const NO_ADMINISTRATOR = 'only administrators get a token for the Management API, through the dashboard';

const askingClient = ({ oidc: { client } }: KoaContextWithOIDC): AskingClient => ({
  clientId: client!.clientId,
  firstParty: ownData(client!).firstParty,
});

const codeScopes = (ctx: KoaContextWithOIDC): string[] => [...(ctx.oidc.entities.AuthorizationCode?.scopes ?? [])];

/** A redirect at `/authorize`, 403 at the token endpoint. */
const denied = (ctx: KoaContextWithOIDC, why: string): Error =>
  ctx.oidc.route === 'token' ? libraryError(new AccessDeniedError(why)) : new errors.AccessDenied(why);
