import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Egress, EgressFailedError } from '@strongroom/egress';
import {
  type IdentityDocuments,
  identityRequest,
  IdTokenRefusedError,
  isAccountNamed,
  type ProviderIdentity,
  ProviderUnavailableError,
  readIdentity,
  readIdentityAnswer,
  type ResolvedProvider,
  verifyIdToken,
} from '@strongroom/providers';
import { nameable, paramsFrom } from '../brought.js';
import type { AccountParams } from '../known-connection.js';
import { IdentityPendingError, RedeemRefusedError } from '../tokensets.errors.js';
import { RedeemJournal } from './redeem-journal.js';
import type { PendingTokens, ProviderAccount, Redeem } from './redeem.types.js';

const TRANSIENT = ['retry', 'rate_limited', 'malformed'];
/** Some providers know their own new token only a moment later. */
const RETRIES_OF_401_MS = [500, 1_000];

/** Finds out at the provider whose account the tokens belong to. */
@Injectable()
export class AccountReader {
  constructor(
    private readonly egress: Egress,
    private readonly journal: RedeemJournal,
  ) {}

  /**
   * @throws RedeemRefusedError if the ID token is not for this flow, or of an account that the connection does not admit;
   *   or if the access token ended before the provider named the account
   * @throws IdentityPendingError if asking again may help
   */
  async read(redeem: Redeem, tokens: PendingTokens): Promise<ProviderAccount> {
    const governing = (params: AccountParams) => redeem.connection.provider(params, tokens.refreshToken !== null);
    try {
      const brought = { ...tokens.brought.params, ...redeem.params };
      const claims = await this.claims(redeem, governing(brought), tokens);
      const params = { ...brought, ...paramsFrom(redeem.provider, 'id_token', claims ?? {}) };
      const provider = governing(params);
      const documents: IdentityDocuments = {
        token: tokens.raw,
        callback: redeem.request.captured,
        ...(claims ? { id_token: claims } : {}),
      };
      const told = await this.ask(provider, tokens, documents);
      return { ...accountOf(readIdentity(provider, { ...documents, ...told })), params, provider };
    } catch (error) {
      if (error instanceof IdTokenRefusedError) throw new RedeemRefusedError(error, NOT_ADMITTED[error.fault]);
      if (error instanceof ProviderUnavailableError || error instanceof EgressFailedError)
        throw new IdentityPendingError(error);
      throw error;
    }
  }

  private claims({ request }: Redeem, provider: ResolvedProvider, tokens: PendingTokens) {
    if (!provider.isOidc || tokens.idToken === null) return undefined;
    return verifyIdToken(provider, this.egress, tokens.idToken, { nonce: request.nonce, now: tokens.issuedAt });
  }

  private async ask(
    provider: ResolvedProvider,
    { accessToken, issuedAt, expiresAt }: PendingTokens,
    have: IdentityDocuments,
  ): Promise<IdentityDocuments> {
    const request = identityRequest(provider, accessToken, have);
    if (!request) return {};
    for (const waitMs of [...RETRIES_OF_401_MS, null]) {
      const answer = await this.egress.request(request);
      if (answer.status === 401 && waitMs !== null) {
        await sleep(waitMs);
        continue;
      }
      const read = readIdentityAnswer(provider, answer, issuedAt);
      if (read.outcome === 'document') return { userinfo: read.document };
      if (TRANSIENT.includes(read.class)) throw new IdentityPendingError();
      // A token past its end says nothing of the account: not that the provider names none, either. It is not refreshed
      // for this, for nothing would be known of a refresh token that was spent before its account is.
      if (expiresAt && !isAccountNamed(provider, have) && (await this.journal.isPast(expiresAt)))
        throw new RedeemRefusedError(undefined, TOO_LATE);
      return {};
    }
    return {};
  }
}

const TOO_LATE = 'The access token ended before the provider said whose account it is. Begin again.';

const NOT_ADMITTED: Partial<Record<IdTokenRefusedError['fault'], string>> = {
  claims: 'The provider account is none that this connection admits. Begin again with another account.',
};

/** Where the provider names no account, who does not name it does not matter. */
const accountOf = ({ subject, tenant, issuer, label, email }: ProviderIdentity) => ({
  issuer: subject === null ? '' : issuer,
  subject: subject ?? '',
  tenant: tenant ?? '',
  label: nameable(label),
  email: nameable(email),
});
