import { Injectable } from '@nestjs/common';
import type { PresentedToken } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { AccessTokens, keyStands } from './access-tokens.js';
import { Accounts, CLAIMS, claimsOf } from '../sign-in/accounts.js';
import { InvalidTokenError } from '../authorization.errors.js';
import { bearerOf } from './bearer-header.js';
import { ResourceProofs } from '../dpop/resource-proofs.js';
import { sha256 } from '../hash.js';

interface Read {
  grantId: string;
  scopes: string[];
  /** The key that it is bound to. */
  jkt: string | null;
  /** Of a JWT: the key that signed it. */
  kid: string | null;
}

/** Who a token is about, as far as its scopes open it. */
@Injectable()
export class UserinfoService {
  constructor(
    private readonly database: DataSource,
    private readonly tokens: AccessTokens,
    private readonly accounts: Accounts,
    private readonly publicUrl: PublicUrl,
    private readonly proofs: ResourceProofs,
  ) {}

  async of(sent: PresentedToken): Promise<Record<string, unknown>> {
    const presented = bearerOf(sent.authorization);
    const { token } = presented;
    const { grantId, scopes, jkt, kid } = token.includes('.') ? await this.ofJwt(token) : await this.ofOpaque(token);
    await this.proofs.demand(presented, jkt, sent);
    if (!scopes.includes('openid')) throw new InvalidTokenError('it was issued without the scope openid');
    const personId = await this.personOf(grantId, kid);
    const user = personId && (await this.accounts.user(personId));
    if (!user || user.blocked) throw new InvalidTokenError('it was revoked');
    const open = Object.entries(CLAIMS).flatMap(([scope, names]) => (scopes.includes(scope) ? names : []));
    const claims = Object.entries(claimsOf(user)).filter(([name]) => open.includes(name));
    return { ...Object.fromEntries(claims), sub: user.userId };
  }

  private async ofJwt(token: string): Promise<Read> {
    const read = await this.tokens.genuine(token);
    if (!read?.grantId || !read.audiences.includes(this.publicUrl.of('/userinfo')))
      throw new InvalidTokenError('it is none of ours for this address');
    if (!read.isCurrent()) throw new InvalidTokenError('it has ended');
    return { grantId: read.grantId, scopes: read.scopes, jkt: read.jkt, kid: read.kid };
  }

  private async ofOpaque(token: string): Promise<Read> {
    const rows: { grant_id: string; scope: string | null; jkt: string | null }[] = await this.database.query(
      `select grant_id, payload->>'scope' as scope, payload->>'jkt' as jkt from artefacts
       where kind = 'AccessToken' and id_hash = $1 and expires_at > clock_timestamp() and grant_id is not null`,
      [sha256(token)],
    );
    const [row] = rows;
    if (!row) throw new InvalidTokenError('it is unknown or has ended');
    const { grant_id: grantId, scope, jkt } = row;
    return { grantId, scopes: (scope ?? '').split(' '), jkt, kid: null };
  }

  private async personOf(grantId: string, kid: string | null): Promise<string | undefined> {
    const rows: { person_id: string }[] = await this.database.query(
      `select person_id from artefacts where kind = 'Grant' and id_hash = $1 and expires_at > clock_timestamp()
         and ($2::text is null or ${keyStands('$2')})`,
      [sha256(grantId), kid],
    );
    return rows[0]?.person_id;
  }
}
