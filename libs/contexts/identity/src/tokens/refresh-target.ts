import { Injectable } from '@nestjs/common';
import type { ResourceServerEntity } from '../apis/resource-server.entity.js';
import { Apis, apiUrn, isOidcScope } from './granted-apis.js';
import { InvalidScopeError, InvalidTargetError } from '../authorization.errors.js';
import type { OwnClientData } from '../library/client-metadata.js';
import type { RefreshTokenPayload } from './refresh-tokens.js';

export interface RefreshTarget {
  /** Null: a token for `/userinfo` only. */
  api: ResourceServerEntity | null;
  scopes: string[];
}

/** Which API a refresh leads to, and with which scopes: one refresh token for several (`spec/wire-contract.md` §4.3). */
@Injectable()
export class RefreshTargets {
  constructor(private readonly apis: Apis) {}

  async choose(
    client: OwnClientData & { clientId: string },
    token: RefreshTokenPayload,
    asked: { audience: string | undefined; scopes: string[] },
  ): Promise<RefreshTarget> {
    const original = token.resource ? await this.apis.byUrn(token.resource) : null;
    if (token.resource && !original) throw new InvalidTargetError(asked.audience ?? 'of this sign-in');
    const api = asked.audience === undefined ? original : await this.apis.byIdentifier(asked.audience);
    if (asked.audience !== undefined && !api) throw new InvalidTargetError(asked.audience);

    const isOriginal = api === null || (token.resource !== undefined && apiUrn(api) === token.resource);
    const policy = api && this.policyFor(client, api);
    if (api && !isOriginal && !policy) throw new InvalidTargetError(api.identifier);
    const ofApi = api ? await this.apis.scopesForPeople(client.clientId, api) : [];
    if (api && !ofApi) throw new InvalidTargetError(api.identifier);

    const granted = (token.scope ?? '').split(' ').filter(Boolean);
    const allowed = new Set([
      ...granted.filter((scope) => isOidcScope(scope) || (isOriginal && ofApi!.includes(scope))),
      ...(policy?.scope ?? []).filter((scope) => ofApi!.includes(scope)),
    ]);
    const scopes = asked.scopes.length > 0 ? asked.scopes.filter((scope) => allowed.has(scope)) : [...allowed];
    if (scopes.length === 0 && (asked.scopes.length > 0 || granted.length > 0)) throw new InvalidScopeError();
    return { api, scopes: [...new Set(scopes)] };
  }

  /** It stands in for a person's consent, so it counts only where that may be skipped: for the original API too. */
  private policyFor({ firstParty, refreshToken }: OwnClientData, api: ResourceServerEntity) {
    if (!firstParty || !api.skipConsentForVerifiableFirstPartyClients || this.apis.isManagement(api)) return undefined;
    return refreshToken?.policies?.find(({ audience }) => audience === api.identifier);
  }
}
