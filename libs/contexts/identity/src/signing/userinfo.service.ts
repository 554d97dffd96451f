import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { AccessTokens } from './access-tokens.js';
import { Accounts, CLAIMS, claimsOf } from '../sign-in/accounts.js';
import { InvalidTokenError } from '../authorization.errors.js';
import { bearerOf } from './bearer-header.js';
import { sha256 } from '../hash.js';

/** Who a token is about, as far as its scopes open it. */
@Injectable()
export class UserinfoService {
  constructor(
    private readonly database: DataSource,
    private readonly tokens: AccessTokens,
    private readonly accounts: Accounts,
    private readonly publicUrl: PublicUrl,
  ) {}

  async of(authorization: string | null): Promise<Record<string, unknown>> {
    const token = bearerOf(authorization);
    const { grantId, scopes } = token.includes('.') ? await this.ofJwt(token) : await this.ofOpaque(token);
    if (!scopes.includes('openid')) throw new InvalidTokenError('it was issued without the scope openid');
    const personId = await this.personOf(grantId);
    const user = personId && (await this.accounts.user(personId));
    if (!user || user.blocked) throw new InvalidTokenError('it was revoked');
    const open = Object.entries(CLAIMS).flatMap(([scope, names]) => (scopes.includes(scope) ? names : []));
    const claims = Object.entries(claimsOf(user)).filter(([name]) => open.includes(name));
    return { ...Object.fromEntries(claims), sub: user.userId };
  }

  private async ofJwt(token: string): Promise<{ grantId: string; scopes: string[] }> {
    const read = await this.tokens.genuine(token);
    if (!read?.grantId || !read.audiences.includes(this.publicUrl.of('/userinfo')))
      throw new InvalidTokenError('it is none of ours for this address');
    if (!read.isCurrent()) throw new InvalidTokenError('it has ended');
    return { grantId: read.grantId, scopes: read.scopes };
  }

  private async ofOpaque(token: string): Promise<{ grantId: string; scopes: string[] }> {
    const rows: { grant_id: string; scope: string | null }[] = await this.database.query(
      `select grant_id, payload->>'scope' as scope from artefacts
       where kind = 'AccessToken' and id_hash = $1 and expires_at > clock_timestamp() and grant_id is not null`,
      [sha256(token)],
    );
    if (!rows[0]) throw new InvalidTokenError('it is unknown or has ended');
    return { grantId: rows[0].grant_id, scopes: (rows[0].scope ?? '').split(' ') };
  }

  private async personOf(grantId: string): Promise<string | undefined> {
    const rows: { person_id: string }[] = await this.database.query(
      `select person_id from artefacts where kind = 'Grant' and id_hash = $1 and expires_at > clock_timestamp()`,
      [sha256(grantId)],
    );
    return rows[0]?.person_id;
  }
}
