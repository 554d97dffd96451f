import { Injectable } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { Accounts } from '../sign-in/accounts.js';
import { InvalidRefreshTokenError, InvalidRequestError, UserBlockedError } from '../authorization.errors.js';
import { isOidcScope } from './granted-apis.js';
import { ownData } from '../library/client-metadata.js';
import { accessToken, idToken } from '../library/library-seams.js';
import { RefreshTargets } from './refresh-target.js';
import { demandBinding } from '../dpop/demand-binding.js';
import { demandKey, DpopProofs } from '../dpop/dpop-proofs.js';
import { InvalidDpopProofError } from '../dpop/dpop.errors.js';
import { doorPass } from '../door/door-pass.js';
import { RefreshTokens } from './refresh-tokens.js';
import { libraryError } from '../library/token-errors.js';

/** Takes the place of the library's own refresh, which gives the first API's token whatever `audience` says. */
@Injectable()
export class RefreshTokenGrant {
  constructor(
    private readonly tokens: RefreshTokens,
    private readonly targets: RefreshTargets,
    private readonly accounts: Accounts,
    private readonly proofs: DpopProofs,
  ) {}

  async answer(provider: Provider, ctx: KoaContextWithOIDC): Promise<void> {
    try {
      ctx.body = await this.refresh(provider, ctx);
    } catch (error) {
      throw error instanceof VaultError ? libraryError(error) : error;
    }
  }

  private async refresh(provider: Provider, ctx: KoaContextWithOIDC): Promise<Record<string, unknown>> {
    const params = ctx.oidc.params as Record<string, string | undefined>;
    const client = ctx.oidc.client!;
    const own = ownData(client);
    if (!params['refresh_token']) throw new InvalidRequestError('Missing Refresh Token');
    const token = await this.tokens.find(params['refresh_token']);
    if (!token || token.clientId !== client.clientId) throw new InvalidRefreshTokenError('subject_invalid');
    const jkt = await this.boundTo(token.payload.jkt);
    // One that was replaced is a trap for as long as its family lives, whatever its own end.
    if (!token.isAlive && !token.isConsumed) throw new InvalidRefreshTokenError('subject_expired');
    const user = await this.accounts.user(token.personId);
    if (user?.blocked) throw new UserBlockedError(); // first: blocking ends the grant too
    if (!user || !token.grantLives) throw new InvalidRefreshTokenError('subject_revoked');

    const target = await this.targets.choose({ ...own, clientId: client.clientId }, token.payload, {
      audience: params['audience'] || undefined,
      scopes: (params['scope'] ?? '').split(' ').filter(Boolean),
    });
    demandBinding(target.api, jkt);
    const successor = await this.tokens.use(token, own.refreshToken);

    const account = await this.accounts.find(token.personId);
    if (!account) throw new InvalidRefreshTokenError('subject_revoked');
    ctx.oidc.entity('Account', account);
    const scope = target.scopes.join(' ');
    const issued = await accessToken(provider, {
      kind: 'AccessToken',
      client,
      api: target.api,
      scope,
      person: { ...token.payload, accountId: token.personId, grantId: token.grantId, gty: 'refresh_token' },
      jkt,
    });
    const { sid, nonce } = token.payload;
    return {
      access_token: issued.value,
      token_type: issued.tokenType,
      expires_in: issued.expiresIn,
      scope,
      ...(target.scopes.includes('openid')
        ? {
            id_token: await idToken(provider, ctx, {
              claims: await account.claims(),
              scope: target.scopes.filter(isOidcScope).join(' '),
              sid,
              nonce,
            }),
          }
        : {}),
      ...(successor === undefined ? {} : { refresh_token: successor }),
    };
  }

  /** The key of what is issued; null: of none. The proof is used up only now, when it is known to be of the right key. */
  private async boundTo(wanted: string | undefined): Promise<string | null> {
    const proof = doorPass.getStore()?.proof ?? null;
    if (!proof && wanted) throw new InvalidDpopProofError('is missing, and the refresh token is bound to a key');
    if (!proof) return null;
    demandKey(proof.jkt, wanted);
    await this.proofs.spend(proof);
    return proof.jkt;
  }
}
