import { Injectable } from '@nestjs/common';
import { type ConnectionView, IntakeKeys, TokenVault } from '@strongroom/contracts';
import { sealBox } from '@strongroom/crypto';
import { VaultError } from '@strongroom/errors';
import { PublicUrl } from '@strongroom/http';
import {
  authorizationRequest,
  Catalogue,
  codeReceiver,
  isScope,
  missingScopes,
  pushedUrl,
  type ResolvedProvider,
  usesPkce,
} from '@strongroom/providers';
import { AccountsService } from '../accounts/accounts.service.js';
import type { ConnectedAccountEntity } from '../accounts/connected-account.entity.js';
import { RequestNotTakenError } from '../connected-accounts.errors.js';
import { beyondCeiling } from './allowed-scopes.js';
import type { ConnectSessionEntity } from './connect-session.entity.js';
import { likelyAccount, needsConsent } from './renewed-account.js';
import { challengeOf, newSecret } from './secrets.js';

export interface ScopesAsked {
  provider: ResolvedProvider;
  /** The account that the app wants renewed, and no other. */
  pinned: ConnectedAccountEntity | null;
  scopes: string[];
  /** Those not granted before; null if nothing was. */
  newScopes: string[] | null;
}

export interface ProviderRequest {
  url: string;
  scopesAsked: string[];
  /** Those that the app or, without its wish, the connection wants: what may be missing afterwards. */
  wanted: string[];
  state: string;
  nonce: string | null;
  verifierBox: string | null;
  codeReceiver: string;
}

interface Fresh {
  state: string;
  nonce: string | null;
  verifier: string | null;
}

/** What the vault says when it asked the provider in vain. Any other error is ours: the person may try again. */
const NOT_TAKEN: readonly string[] = ['push_refused', 'provider_unavailable', 'server_error'];

export const callbackPath = (connectionName: string): string =>
  `/connect/callback/${encodeURIComponent(connectionName)}`;

/** What the provider is asked in this flow, `spec/connect-flow.md` §4.4. */
@Injectable()
export class ProviderRequests {
  constructor(
    private readonly accounts: AccountsService,
    private readonly intakeKeys: IntakeKeys,
    private readonly vault: TokenVault,
    private readonly publicUrl: PublicUrl,
    private readonly catalogue: Catalogue,
  ) {}

  /** For the consent page: what `make` would ask for. */
  async scopes(session: ConnectSessionEntity, connection: ConnectionView): Promise<ScopesAsked> {
    const provider = this.catalogue.resolve(connection, session.params);
    const { scopesAsked, grantedBefore, account } = await this.request(session, connection, provider, {
      state: '',
      nonce: null,
      verifier: null,
    });
    return {
      provider,
      pinned: (session.pinnedAccountId !== null && account) || null,
      scopes: scopesAsked,
      newScopes: grantedBefore && notGranted(provider, scopesAsked, grantedBefore),
    };
  }

  /**
   * Makes state, nonce and verifier anew; the verifier is sealed for the vault at once. Where the provider takes its
   * requests from us only, it has this one when this returns, and the browser's URL says nothing of it.
   *
   * @throws RequestNotTakenError the provider did not take it
   */
  async make(session: ConnectSessionEntity, connection: ConnectionView): Promise<ProviderRequest> {
    const provider = this.catalogue.resolve(connection, session.params);
    const fresh = {
      state: newSecret(),
      nonce: provider.entry.authorization.nonce ? newSecret() : null,
      verifier: usesPkce(provider) ? newSecret() : null,
    };
    const { url, members, scopesAsked } = await this.request(session, connection, provider, fresh);
    return {
      url: provider.requiresPush ? await this.push(session, provider, members) : url,
      scopesAsked,
      wanted: session.scopes ?? provider.scopes,
      state: fresh.state,
      nonce: fresh.nonce,
      verifierBox: fresh.verifier && (await this.seal(session, fresh.verifier)),
      codeReceiver: codeReceiver(provider),
    };
  }

  private async push(
    { connectionId, params }: ConnectSessionEntity,
    provider: ResolvedProvider,
    members: [string, string][],
  ): Promise<string> {
    try {
      const { requestUri } = await this.vault.pushAuthorization({ connectionId, params, members });
      return pushedUrl(provider, requestUri);
    } catch (error) {
      if (error instanceof VaultError && NOT_TAKEN.includes(error.code)) throw new RequestNotTakenError(error);
      throw error;
    }
  }

  private async seal(session: ConnectSessionEntity, verifier: string): Promise<string> {
    const box = {
      purpose: 'pkce-verifier',
      connectionId: session.connectionId,
      ownerId: session.id,
      field: 'verifier',
    } as const;
    return sealBox(await this.intakeKeys.current(), box, verifier);
  }

  private async request(
    session: ConnectSessionEntity,
    connection: ConnectionView,
    provider: ResolvedProvider,
    { state, nonce, verifier }: Fresh,
  ) {
    const accounts = await this.accounts.onConnection(session.personId, session.connectionId);
    const account = likelyAccount(session, accounts);
    const before = account?.scopes ?? null;
    const tooMuch = before ? beyondCeiling(connection, provider, before) : [];
    const grantedBefore = before && before.filter((scope) => isScope(scope) && !tooMuch.includes(scope));
    const { url, members, scopesAsked } = authorizationRequest(provider, {
      redirectUri: this.publicUrl.of(callbackPath(session.connectionName)),
      state,
      codeChallenge: verifier && challengeOf(verifier),
      nonce,
      scopes: session.scopes,
      params: Object.fromEntries(
        Object.entries(session.authorizationParams).map(([name, value]) => [name, String(value)]),
      ),
      offline: true,
      forceConsent: needsConsent(session, accounts),
      ...(grantedBefore ? { grantedBefore } : {}),
    });
    return { url, members, scopesAsked, grantedBefore, account };
  }
}

/**
 * A grant speaks in spellings of the provider's own, and seldom names what goes along with every request. Where it named
 * nothing at all, nothing is known to be granted.
 */
const notGranted = (provider: ResolvedProvider, asked: string[], granted: string[]): string[] =>
  granted.length > 0 ? missingScopes(provider, asked, granted) : asked;
