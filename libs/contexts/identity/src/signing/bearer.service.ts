import { Injectable } from '@nestjs/common';
import { Bearer, type BearerIdentity, type OwnApi, type PresentedToken } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { AccessTokens, type GenuineToken, isOf, keyStands } from './access-tokens.js';
import { ApiNotFoundError, InvalidTokenError } from '../authorization.errors.js';
import { bearerOf } from './bearer-header.js';
import { ResourceProofs } from '../dpop/resource-proofs.js';
import { sha256 } from '../hash.js';

interface Standing {
  dialect: string;
  alg: string;
  clientExists: boolean;
  personId: string | null;
  userId: string | null;
  isBlocked: boolean | null;
}

/** Everything that can change since a token was signed, in one read. */
const STANDING = `select r.token_dialect as dialect, r.signing_alg as alg,
    c.client_id is not null as "clientExists", u.person_id as "personId",
    u.user_id as "userId", u.blocked as "isBlocked"
  from resource_servers r
  left join clients c on c.client_id = $2
  left join artefacts g on g.kind = 'Grant' and g.id_hash = $3 and g.client_id = $2 and g.expires_at > clock_timestamp()
  left join users u on u.person_id = g.person_id
  where r.identifier = $1 and ${keyStands('$4')}`;

/** Whether a token is good for one of our own APIs, now. */
@Injectable()
export class BearerService extends Bearer {
  constructor(
    private readonly database: DataSource,
    private readonly tokens: AccessTokens,
    private readonly publicUrl: PublicUrl,
    private readonly proofs: ResourceProofs,
  ) {
    super();
  }

  override async check(api: OwnApi, sent: PresentedToken): Promise<BearerIdentity> {
    const presented = bearerOf(sent.authorization);
    const token = await this.tokens.genuine(presented.token);
    const audience = api === 'management' ? this.publicUrl.managementAudience : this.publicUrl.myAccountAudience;
    if (!token?.clientId || !token.audiences.includes(audience))
      throw new InvalidTokenError(`it is none of ours for ${audience}`);
    if (!token.isCurrent()) throw new InvalidTokenError('it has ended');
    await this.proofs.demand(presented, token.jkt, sent);
    const [standing] = await this.database.query<Standing[]>(STANDING, [
      audience,
      token.clientId,
      token.grantId === null ? null : sha256(token.grantId),
      token.kid,
    ]);
    if (!standing) throw await this.missing(audience, sent);
    if (!isOf(standing, token)) throw new InvalidTokenError('it is of another kind');
    if (!standing.clientExists) throw new InvalidTokenError('its client is gone');
    if (token.isMachine && api === 'management' && token.subject === `${token.clientId}@clients`) return machine(token);
    if (standing.personId === null || standing.userId === null) throw new InvalidTokenError('it was revoked');
    if (token.subject !== standing.userId) throw new InvalidTokenError('it is about somebody else');
    if (standing.isBlocked) throw new InvalidTokenError('user is blocked');
    return {
      personId: standing.personId,
      userId: standing.userId,
      clientId: token.clientId,
      scopes: token.scopes,
      sessionId: token.sessionId,
      jkt: token.jkt,
    };
  }

  /** What is missing: the API itself or, where that stands, the key. */
  private async missing(audience: string, sent: PresentedToken): Promise<Error> {
    const found = await this.database.query<object[]>('select 1 from resource_servers where identifier = $1', [
      audience,
    ]);
    return found.length === 0
      ? new ApiNotFoundError(sent)
      : new InvalidTokenError('the key that signed it was revoked');
  }
}

const machine = (token: GenuineToken): BearerIdentity => ({
  personId: null,
  userId: null,
  clientId: token.clientId!,
  scopes: token.scopes,
  sessionId: null,
  jkt: token.jkt,
});
