import { Injectable } from '@nestjs/common';
import {
  type IssuedToken,
  type PushRequest,
  type Redeemed,
  type RedeemRequest,
  type RevocationView,
  type TokensetView,
  TokenVault,
  type WantedToken,
} from '@strongroom/contracts';
import { AccessTokenService } from './access/access-token.service.js';
import { PushAuthorization } from './push-authorization.js';
import { RedeemService } from './redeem/redeem.service.js';
import { Revocations } from './revocation/revocations.js';
import { storeErrors } from './store-errors.js';
import { TokensetsService } from './tokensets.service.js';

/** The port: one method, one part of this context. */
@Injectable()
export class TokenVaultService extends TokenVault {
  constructor(
    private readonly redeems: RedeemService,
    private readonly tokens: AccessTokenService,
    private readonly tokensets: TokensetsService,
    private readonly pushes: PushAuthorization,
    private readonly ended: Revocations,
  ) {
    super();
  }

  override redeem(request: RedeemRequest): Promise<Redeemed> {
    return storeErrors(this.redeems.redeem(request));
  }

  override pushAuthorization(request: PushRequest): Promise<{ requestUri: string; expiresIn: number }> {
    return storeErrors(this.pushes.push(request));
  }

  override redeemed(sessionId: string): Promise<Redeemed | null> {
    return storeErrors(this.redeems.redeemed(sessionId));
  }

  override accessToken(wanted: WantedToken): Promise<IssuedToken | null> {
    return storeErrors(this.tokens.accessToken(wanted));
  }

  override async list(personId: string): Promise<TokensetView[]> {
    const rows = await storeErrors(this.tokensets.ofPerson(personId));
    return rows.map(({ id, accountId, connectionId, scopes, status, reason, hasRefreshToken, ...times }) => ({
      tokensetId: id,
      accountId,
      connectionId,
      scopes,
      status,
      reason,
      hasRefreshToken,
      createdAt: times.createdAt.toISOString(),
      expiresAt: times.expiresAt?.toISOString() ?? null,
      lastUsedAt: times.lastUsedAt?.toISOString() ?? null,
    }));
  }

  override delete({ personId, accountId, reason, actor }: Parameters<TokenVault['delete']>[0]): Promise<boolean> {
    return storeErrors(this.tokensets.delete({ personId, accountId }, reason, actor));
  }

  override revocations(personId: string): Promise<RevocationView[]> {
    return storeErrors(this.ended.ofPerson(personId));
  }
}
