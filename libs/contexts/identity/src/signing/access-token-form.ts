import { Injectable } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import { PublicUrl } from '@strongroom/http';
import type { AccessToken, ClientCredentials, JWTStructured, KoaContextWithOIDC } from 'oidc-provider';
import { Accounts, type PersonAccount } from '../sign-in/accounts.js';
import { Apis, isOidcScope } from '../tokens/granted-apis.js';
import { scopeList } from '../scope-list.js';
import type { ResourceServerEntity } from '../apis/resource-server.entity.js';
import { demandBinding } from '../dpop/demand-binding.js';
import { libraryError } from '../library/token-errors.js';
import { SigningKeys } from './signing-keys.js';

/** Gives access tokens the form of `spec/wire-contract.md` §4.4; the API's dialect decides. */
@Injectable()
export class AccessTokenForm {
  constructor(
    private readonly apis: Apis,
    private readonly accounts: Accounts,
    private readonly publicUrl: PublicUrl,
    private readonly keys: SigningKeys,
  ) {}

  async shape(
    ctx: KoaContextWithOIDC | undefined,
    token: AccessToken | ClientCredentials,
    { payload, ...jwt }: JWTStructured,
    write: (header: object | undefined, payload: JWTStructured['payload']) => void,
  ): Promise<void> {
    const api = await this.apis.byUrn(token.resourceServer!.identifier());
    if (!api) throw new Error('an access token names an API that is gone');
    await this.keys.willSign(api.signingAlg, Number(payload['exp']) - Number(payload['iat']));
    bindAsDemanded(api, token.jkt);
    const { client_id: clientId, sub: _, scope, ...rest } = payload;
    const scopes = scopeList(scope);
    const isRfc9068 = api.tokenDialect.startsWith('rfc9068');
    const person = 'grantId' in token && token.accountId ? token : undefined;
    const claims = {
      ...rest,
      sub: person ? await this.publicId(ctx, person.accountId) : `${token.clientId!}@clients`,
      aud: scopes.includes('openid') ? [api.identifier, this.publicUrl.of('/userinfo')] : api.identifier,
      ...(isRfc9068 ? { client_id: clientId } : { azp: clientId }),
      ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
      gty: person ? person.gty : 'client-credentials',
      ...(person ? { gid: person.grantId, sid: person.sid } : {}),
      ...(api.tokenDialect.endsWith('_authz') ? { permissions: scopes.filter((scope) => !isOidcScope(scope)) } : {}),
    };
    write({ ...jwt.header, typ: isRfc9068 ? 'at+jwt' : 'JWT' }, claims);
  }

  private async publicId(ctx: KoaContextWithOIDC | undefined, personId: string): Promise<string> {
    const known = ctx?.oidc.account as PersonAccount | undefined;
    const user = known?.accountId === personId ? known.user : await this.accounts.user(personId);
    if (!user) throw new Error('an access token is for a person who is gone');
    return user.userId;
  }
}

/** Here for the code's token, which the library makes by itself; a VaultError would be a 500 to it. */
function bindAsDemanded(api: ResourceServerEntity, jkt: string | undefined): void {
  try {
    demandBinding(api, jkt);
  } catch (error) {
    throw error instanceof VaultError ? libraryError(error) : error;
  }
}
