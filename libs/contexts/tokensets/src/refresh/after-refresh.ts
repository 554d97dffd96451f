import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { Egress, EgressFailedError } from '@strongroom/egress';
import { LOGGER, type Logger } from '@strongroom/observability';
import {
  IdTokenRefusedError,
  type ProviderTokens,
  ProviderUnavailableError,
  readIdentity,
  type ResolvedProvider,
  verifyIdToken,
} from '@strongroom/providers';
import { DataSource } from 'typeorm';
import { Introspection } from '../introspection.js';
import { nameable } from '../brought.js';
import type { RefreshOutcome } from './refresh.types.js';

export type Refreshed = Extract<RefreshOutcome, { state: 'refreshed' }>;

export interface FreshTokens {
  tokensetId: string;
  provider: ResolvedProvider;
  clientSecret: string | null;
  answer: ProviderTokens;
  /** The access token is its caller's alone. */
  isPart: boolean;
}

/**
 * What can wait until the new tokens are durable: nothing in here may come between a provider's answer and the commit,
 * nor undo it.
 */
@Injectable()
export class AfterRefresh implements BeforeApplicationShutdown {
  private readonly following = new Set<Promise<void>>();

  constructor(
    private readonly database: DataSource,
    private readonly introspection: Introspection,
    private readonly egress: Egress,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The same with its true end, where the provider tells it only when asked. */
  async withLifetime(refreshed: Refreshed, fresh: FreshTokens): Promise<Refreshed> {
    const { provider, clientSecret, answer, tokensetId, isPart } = fresh;
    if (answer.saysLifetime || provider.entry.tokenResponse.noExpiry !== 'introspect') return refreshed;
    const { accessToken, issuedAt, credVersion } = refreshed;
    const began = performance.now();
    const expiresAt = await this.introspection.expiryOf(provider, { accessToken, clientSecret, issuedAt });
    // The provider took its time, and the token has so much less left.
    const now = new Date(refreshed.now.getTime() + performance.now() - began);
    if (expiresAt === undefined) return { ...refreshed, now };
    // Later versions may have the same access token: where a part was had, it stays.
    if (!isPart)
      await this.database.query(
        `UPDATE tokensets SET access_expires_at = $4
         WHERE id = $1 AND cred_version >= $2 AND access_issued_at = $3`,
        [tokensetId, credVersion, issuedAt, expiresAt],
      );
    return { ...refreshed, now, expiresAt };
  }

  /** Nobody waits for this. */
  follow(refreshed: Refreshed, fresh: FreshTokens): void {
    if (!fresh.provider.isOidc || fresh.answer.idToken === null) return;
    const work = this.readIdToken(refreshed, fresh)
      .catch((error: unknown) => this.logger.warn({ err: error }, 'refreshed ID token not read'))
      .finally(() => this.following.delete(work));
    this.following.add(work);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.following);
  }

  /**
   * How the account calls itself now. An ID token of anybody else, or by anybody else (OpenID Connect Core §12.2), is
   * left aside; the tokens it came with stay.
   */
  private async readIdToken({ issuedAt }: Refreshed, { tokensetId, provider, answer }: FreshTokens): Promise<void> {
    try {
      const claims = await verifyIdToken(provider, this.egress, answer.idToken!, { nonce: null, now: issuedAt });
      const { subject, tenant, issuer, label, email } = readIdentity(provider, { id_token: claims, token: answer.raw });
      if (subject === null) return;
      await this.database.query(
        `UPDATE tokensets SET provider_label = coalesce($5, provider_label),
           provider_email = coalesce($6, provider_email)
         WHERE id = $1 AND provider_subject = $2 AND provider_tenant = $3 AND provider_issuer IN ($4, '')`,
        [tokensetId, subject, tenant ?? '', issuer, nameable(label), nameable(email)],
      );
    } catch (error) {
      const isDiscarded = [IdTokenRefusedError, ProviderUnavailableError, EgressFailedError].some(
        (kind) => error instanceof kind,
      );
      if (!isDiscarded) throw error;
      this.logger.warn({ err: error, connection: provider.name }, 'refreshed ID token left aside');
    }
  }
}
