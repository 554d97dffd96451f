import { Injectable } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { Apis } from './granted-apis.js';
import { demandBinding } from '../dpop/demand-binding.js';
import { doorPass } from '../door/door-pass.js';
import { AccessDeniedError, InvalidRequestError } from '../authorization.errors.js';
import { ownData } from '../library/client-metadata.js';
import { accessToken } from '../library/library-seams.js';
import { libraryError } from '../library/token-errors.js';

/** A token for the client itself; what it may hold says its client grant of type `client`. */
@Injectable()
export class ClientCredentialsGrant {
  constructor(private readonly apis: Apis) {}

  async answer(provider: Provider, ctx: KoaContextWithOIDC): Promise<void> {
    try {
      ctx.body = await this.issue(provider, ctx);
    } catch (error) {
      throw error instanceof VaultError ? libraryError(error) : error;
    }
  }

  private async issue(provider: Provider, ctx: KoaContextWithOIDC): Promise<Record<string, unknown>> {
    const params = ctx.oidc.params as Record<string, string | undefined>;
    const client = ctx.oidc.client!;
    if (!ownData(client).confidential) throw new AccessDeniedError('a public client gets no token of its own');
    const audience = params['audience'];
    if (!audience) throw new InvalidRequestError('Missing required parameter: audience');
    const api = await this.apis.byIdentifier(audience);
    const held = api && (await this.apis.scopesForClient(client.clientId, api));
    if (!api || !held)
      throw new AccessDeniedError(
        `Client is not authorized to access "${audience.slice(0, 255)}": it needs a client grant for this API.`,
      );
    const asked = (params['scope'] ?? '').split(' ').filter(Boolean);
    const excess = asked.filter((scope) => !held.includes(scope));
    if (excess.length > 0) throw new AccessDeniedError(`the client grant does not hold: ${excess.join(' ')}`);

    const jkt = doorPass.getStore()?.proof?.jkt ?? null;
    demandBinding(api, jkt);
    const scope = [...new Set(asked.length > 0 ? asked : held)].join(' ');
    const issued = await accessToken(provider, { kind: 'ClientCredentials', client, api, scope, jkt });
    return {
      access_token: issued.value,
      token_type: issued.tokenType,
      expires_in: issued.expiresIn,
      ...(scope ? { scope } : {}),
    };
  }
}
