import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Egress, EgressFailedError } from '@strongroom/egress';
import {
  type IdentityDocuments,
  identityRequest,
  IdTokenRefusedError,
  ProviderUnavailableError,
  readIdentity,
  readIdentityAnswer,
  type ResolvedProvider,
  verifyIdToken,
} from '@strongroom/providers';
import { IdentityPendingError, RedeemRefusedError } from '../tokensets.errors.js';
import type { PendingTokens, ProviderAccount } from './redeem.types.js';

const TRANSIENT = ['retry', 'rate_limited', 'malformed'];
/** Some providers know their own new token only a moment later. */
const RETRIES_OF_401_MS = [500, 1_000];

/** Finds out at the provider whose account the tokens belong to. */
@Injectable()
export class AccountReader {
  constructor(private readonly egress: Egress) {}

  /**
   * @throws RedeemRefusedError if the ID token is not for this flow
   * @throws IdentityPendingError if asking again may help
   */
  async read(
    provider: ResolvedProvider,
    tokens: PendingTokens,
    flow: { nonce: string | null; captured: Record<string, string>; now: Date },
  ): Promise<ProviderAccount> {
    try {
      const documents: IdentityDocuments = { token: tokens.raw, callback: flow.captured };
      if (provider.isOidc && tokens.idToken !== null)
        documents.id_token = await verifyIdToken(provider, this.egress, tokens.idToken, flow);
      const told = await this.ask(provider, tokens.accessToken, documents, flow.now);
      const { subject, tenant, label, email } = readIdentity(provider, { ...documents, ...told });
      return { subject: subject ?? '', tenant: tenant ?? '', label, email };
    } catch (error) {
      if (error instanceof IdTokenRefusedError) throw new RedeemRefusedError(error);
      if (error instanceof ProviderUnavailableError || error instanceof EgressFailedError)
        throw new IdentityPendingError(error);
      throw error;
    }
  }

  private async ask(
    provider: ResolvedProvider,
    accessToken: string,
    have: IdentityDocuments,
    now: Date,
  ): Promise<IdentityDocuments> {
    const request = identityRequest(provider, accessToken, have);
    if (!request) return {};
    for (const waitMs of [...RETRIES_OF_401_MS, null]) {
      const answer = await this.egress.request(request);
      if (answer.status === 401 && waitMs !== null) {
        await sleep(waitMs);
        continue;
      }
      const read = readIdentityAnswer(provider, answer, now);
      if (read.outcome === 'document') return { userinfo: read.document };
      if (TRANSIENT.includes(read.class)) throw new IdentityPendingError();
      return {};
    }
    return {};
  }
}
