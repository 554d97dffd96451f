import { Injectable } from '@nestjs/common';
import { ConnectionDirectory } from '@strongroom/contracts';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { decodeJwt } from 'jose';
import { SignInRules } from './sign-in-rules.js';
import { WebMessages } from './web-messages.js';

/** Strategy of the connections whose passwords are ours. */
const DATABASE = 'auth0';

type Validate = (ctx: KoaContextWithOIDC, value: string | undefined) => void | Promise<void>;

/** Parameters of `/authorize` that the library does not know, each with what it must hold. */
@Injectable()
export class RequestParameters {
  constructor(
    private readonly rules: SignInRules,
    private readonly connections: ConnectionDirectory,
    private readonly webMessages: WebMessages,
  ) {}

  validators(): Record<string, Validate> {
    return {
      organization: refuseOrganisations,
      invitation: refuseOrganisations,
      requested_connection: refuseLinking,
      connection: (ctx, name) => this.checkConnection(ctx, name),
      // Also where neither is there: what follows from the request as a whole is checked here.
      audience: async (ctx) => {
        await this.webMessages.check(ctx);
        await this.rules.afterScopes(ctx, askedScopes(ctx));
      },
    };
  }

  /** A database connection leads to the login page. Sign-in through providers will have its place here. */
  private async checkConnection({ oidc }: KoaContextWithOIDC, name: string | undefined): Promise<void> {
    if (name === undefined) return;
    const connection = await this.connections.byName(name, oidc.client!.clientId);
    if (!connection?.loginActive || !connection.enabledForClient)
      throw new errors.InvalidRequest('the connection is unknown, or not enabled for sign-in through this client');
    if (connection.strategy !== DATABASE)
      throw new errors.InvalidRequest('sign-in through a provider is not offered yet; leave connection away');
  }
}

function refuseOrganisations(_: KoaContextWithOIDC, value: string | undefined): void {
  if (value !== undefined) throw new errors.InvalidRequest('organisations are not offered');
}

/** Passing over it would tell the library that asked (`link_account`, `unlink_account`) that it had been done. */
function refuseLinking(_: KoaContextWithOIDC, value: string | undefined): void {
  if (value === undefined) return;
  const instead = 'to have a token of a provider, connect the account over the My Account API';
  throw new errors.InvalidRequest(`linking accounts is not offered yet; ${instead}`);
}

/** As the client has sent them, to `/authorize` or before that to `/oauth/par`; the library has changed its own copy. */
function askedScopes({ oidc, query }: KoaContextWithOIDC): string[] {
  const pushed = (oidc.entities.PushedAuthorizationRequest as { request?: string } | undefined)?.request;
  const { scope } = pushed ? decodeJwt(pushed) : (oidc.body ?? query);
  return typeof scope === 'string' ? scope.split(' ') : [];
}
