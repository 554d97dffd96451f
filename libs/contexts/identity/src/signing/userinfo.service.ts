import { Injectable } from '@nestjs/common';
import type { PresentedToken } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { AccessTokens, type GenuineToken, isOf, keyStands } from './access-tokens.js';
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
  /** Null: the token is opaque. */
  jwt: GenuineToken | null;
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
    const read = token.includes('.') ? await this.ofJwt(token) : await this.ofOpaque(token);
    await this.proofs.demand(presented, read.jkt, sent);
    if (!read.scopes.includes('openid')) throw new InvalidTokenError('it was issued without the scope openid');
    const personId = await this.personOf(read);
    const user = personId && (await this.accounts.user(personId));
    if (!user || user.blocked) throw new InvalidTokenError('it was revoked');
    if (read.jwt && read.jwt.subject !== user.userId) throw new InvalidTokenError('it is about somebody else');
    const open = Object.entries(CLAIMS).flatMap(([scope, names]) => (read.scopes.includes(scope) ? names : []));
    const claims = Object.entries(claimsOf(user)).filter(([name]) => open.includes(name));
    return { ...Object.fromEntries(claims), sub: user.userId };
  }

  private async ofJwt(token: string): Promise<Read> {
    const jwt = await this.tokens.genuine(token);
    if (!jwt?.grantId || jwt.audiences[1] !== this.publicUrl.of('/userinfo'))
      throw new InvalidTokenError('it is none of ours for this address');
    if (!jwt.isCurrent()) throw new InvalidTokenError('it has ended');
    return { grantId: jwt.grantId, scopes: jwt.scopes, jkt: jwt.jkt, jwt };
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
    return { grantId, scopes: (scope ?? '').split(' '), jkt, jwt: null };
  }

  /** Whose grant it is, if that lives; a JWT must also be signed and typed as its API has it, and name the client. */
  private async personOf({ grantId, jwt }: Read): Promise<string | undefined> {
    const rows: { person_id: string; client_id: string; dialect: string | null; alg: string | null }[] =
      await this.database.query(
        `select g.person_id, g.client_id, r.token_dialect as dialect, r.signing_alg as alg
         from artefacts g left join resource_servers r on r.identifier = $3
         where g.kind = 'Grant' and g.id_hash = $1 and g.expires_at > clock_timestamp()
           and ($2::text is null or ${keyStands('$2')})`,
        [sha256(grantId), jwt?.kid ?? null, jwt?.audiences[0] ?? null],
      );
    const [grant] = rows;
    if (!grant || !jwt) return grant?.person_id;
    const { dialect, alg } = grant;
    if (dialect === null || alg === null || !isOf({ dialect, alg }, jwt) || jwt.clientId !== grant.client_id)
      throw new InvalidTokenError('it is of another kind');
    return grant.person_id;
  }
}
