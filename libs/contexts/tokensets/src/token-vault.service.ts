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
import { PersonsWishes } from './access/persons-wishes.js';
import { UsageMarks } from './access/usage-marks.js';
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
    private readonly wishes: PersonsWishes,
    private readonly usage: UsageMarks,
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

  override abandon(request: Parameters<TokenVault['abandon']>[0]): Promise<boolean> {
    return storeErrors(this.redeems.abandon(request));
  }

  override accessToken(wanted: WantedToken): Promise<IssuedToken | null> {
    return storeErrors(this.tokens.accessToken(wanted));
  }

  override async list(personId: string): Promise<TokensetView[]> {
    await this.usage.flush(); // whoever looks sees today's uses
    const rows = await storeErrors(this.tokensets.ofPerson(personId));
    return rows.map(({ id, accountId, connectionId, scopes, status, reason, hasRefreshToken, ...row }) => ({
      tokensetId: id,
      accountId,
      connectionId,
      scopes,
      status,
      reason,
      hasRefreshToken,
      createdAt: row.createdAt.toISOString(),
      expiresAt: row.expiresAt?.toISOString() ?? null,
      lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
      label: row.ownLabel ?? row.providerLabel,
      pausedClients: row.pausedClients,
    }));
  }

  override delete(request: Parameters<TokenVault['delete']>[0]): Promise<boolean> {
    const { personId, accountId, reason, clientId } = request;
    const actor = { ...request.actor, ...(clientId === undefined ? {} : { clientId }) };
    return storeErrors(this.tokensets.delete({ personId, accountId }, reason, actor));
  }

  override label(request: Parameters<TokenVault['label']>[0]): Promise<{ label: string | null } | null> {
    return storeErrors(this.wishes.label(request));
  }

  override pause(request: Parameters<TokenVault['pause']>[0]): Promise<boolean> {
    return storeErrors(this.wishes.pause(request));
  }

  override revocations(personId: string): Promise<RevocationView[]> {
    return storeErrors(this.ended.ofPerson(personId));
  }
}
