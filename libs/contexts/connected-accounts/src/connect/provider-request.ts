import { Injectable } from '@nestjs/common';
import { type ConnectionView, IntakeKeys } from '@strongroom/contracts';
import { sealBox } from '@strongroom/crypto';
import { PublicUrl } from '@strongroom/http';
import { authorizationRequest, Catalogue, usesPkce } from '@strongroom/providers';
import { AccountsService } from '../accounts/accounts.service.js';
import type { ConnectSessionEntity } from './connect-session.entity.js';
import { challengeOf, newSecret } from './secrets.js';

export interface ScopesAsked {
  scopes: string[];
  /** Those not granted before; null if nothing was. */
  newScopes: string[] | null;
}

export interface ProviderRequest {
  url: string;
  scopesAsked: string[];
  state: string;
  nonce: string | null;
  verifierBox: string | null;
}

export const callbackPath = (connectionName: string): string =>
  `/connect/callback/${encodeURIComponent(connectionName)}`;

/** What the provider is asked in this flow, `spec/connect-flow.md` §4.4. */
@Injectable()
export class ProviderRequests {
  constructor(
    private readonly accounts: AccountsService,
    private readonly intakeKeys: IntakeKeys,
    private readonly publicUrl: PublicUrl,
    private readonly catalogue: Catalogue,
  ) {}

  /** For the consent page: what `make` would ask for. */
  async scopes(session: ConnectSessionEntity, connection: ConnectionView): Promise<ScopesAsked> {
    const grantedBefore = await this.grantedBefore(session);
    const { scopesAsked } = this.request(session, connection, grantedBefore, {
      state: '',
      nonce: null,
      verifier: null,
    });
    return {
      scopes: scopesAsked,
      newScopes: grantedBefore && scopesAsked.filter((scope) => !grantedBefore.includes(scope)),
    };
  }

  /** Makes state, nonce and verifier anew; the verifier is sealed for the vault at once. */
  async make(session: ConnectSessionEntity, connection: ConnectionView): Promise<ProviderRequest> {
    const resolved = this.catalogue.resolve(connection);
    const fresh = {
      state: newSecret(),
      nonce: resolved.isOidc ? newSecret() : null,
      verifier: usesPkce(resolved) ? newSecret() : null,
    };
    const { url, scopesAsked } = this.request(session, connection, await this.grantedBefore(session), fresh);
    const box = {
      purpose: 'pkce-verifier',
      connectionId: session.connectionId,
      ownerId: session.id,
      field: 'verifier',
    } as const;
    const verifierBox = fresh.verifier && (await sealBox(await this.intakeKeys.current(), box, fresh.verifier));
    return { url, scopesAsked, state: fresh.state, nonce: fresh.nonce, verifierBox };
  }

  private request(
    session: ConnectSessionEntity,
    connection: ConnectionView,
    grantedBefore: string[] | null,
    { state, nonce, verifier }: { state: string; nonce: string | null; verifier: string | null },
  ) {
    const params = Object.entries(session.authorizationParams).filter(([, value]) => value !== '');
    return authorizationRequest(this.catalogue.resolve(connection), {
      redirectUri: this.publicUrl.of(callbackPath(session.connectionName)),
      state,
      codeChallenge: verifier && challengeOf(verifier),
      nonce,
      scopes: session.scopes,
      params: Object.fromEntries(params.map(([name, value]) => [name, String(value)])),
      offline: true,
      ...(grantedBefore ? { grantedBefore } : {}),
    });
  }

  /** Scopes of the account that this will most likely renew: the pinned one, else the only one there is. */
  private async grantedBefore(session: ConnectSessionEntity): Promise<string[] | null> {
    const accounts = await this.accounts.onConnection(session.personId, session.connectionId);
    const [likely] = session.pinnedAccountId ? accounts.filter(({ id }) => id === session.pinnedAccountId) : accounts;
    return likely && (session.pinnedAccountId !== null || accounts.length === 1) ? likely.scopes : null;
  }
}
