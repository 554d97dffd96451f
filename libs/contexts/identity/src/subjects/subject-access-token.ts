import { Injectable } from '@nestjs/common';
import type { Subject } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import { PreparedReads } from '@strongroom/persistence';
import { AccessTokens, type GenuineToken, isOf, keyStands } from '../signing/access-tokens.js';
import {
  InvalidAccessTokenSubjectError,
  MfaRequiredError,
  UnauthorizedClientError,
  UserBlockedError,
} from '../authorization.errors.js';
import { ClientAuthentication } from '../door/client-authentication.js';
import { CLIENT_COLUMNS, clientFacts, type ClientFacts, type ClientRow } from '../door/client-facts.js';
import { sha256 } from '../hash.js';
import type { PresentedBy } from './presented-by.js';
import { demandExchangingClient, MFA_ALWAYS } from './subject-client.js';
import { subjectOf } from './subject-of.js';
import { SubjectProofs } from './subject-proofs.js';

interface Found extends Partial<ClientRow> {
  /** APIs among the token's audiences, with their dialect. */
  apis: { identifier: string; dialect: string; alg: string }[] | null;
  grant_lives: boolean;
  grant_client: string | null;
  person_id: string | null;
  user_id: string | null;
  blocked: boolean | null;
  mfa_always: boolean;
}

/**
 * One row per candidate client; at least one. Blocking ends grants too, so a blocked person is also found by the token's
 * subject (`$4`): it decides which refusal it is, never whom an exchange is for. `$1` names the client, or `$2` holds the audiences
 * whose own it is.
 */
const READ = `select a.apis, g.id_hash is not null and ${keyStands('$5')} as grant_lives, g.client_id as grant_client, u.person_id, u.user_id, u.blocked,
    ${MFA_ALWAYS}, ${CLIENT_COLUMNS}
  from (select jsonb_agg(jsonb_build_object('identifier', identifier, 'dialect', token_dialect, 'alg', signing_alg)) as apis
        from resource_servers where identifier = any($2::text[])) a
  left join artefacts g on g.kind = 'Grant' and g.id_hash = $3 and g.expires_at > clock_timestamp()
  left join users u on u.person_id = g.person_id or (g.id_hash is null and u.user_id = $4 and u.blocked)
  left join clients c on case when $1::text is not null then c.client_id = $1
    else c.app_type = 'resource_server' and c.resource_server_identifier = any($2::text[]) end`;

/** An access token as the subject of an exchange, presented by the client of the API that it was issued for. */
@Injectable()
export class SubjectAccessToken {
  constructor(
    private readonly reads: PreparedReads,
    private readonly tokens: AccessTokens,
    private readonly authentication: ClientAuthentication,
    private readonly publicUrl: PublicUrl,
    private readonly proofs: SubjectProofs,
  ) {}

  async validate(value: string, { client: presented, grantType, dpop, path }: PresentedBy): Promise<Subject> {
    const token = await this.tokens.genuine(value);
    const rows = await this.reads.many<Found>('subject_access_token', READ, [
      presented.clientId,
      token?.audiences ?? [],
      token?.grantId ? sha256(token.grantId) : null,
      token?.subject ?? null,
      token?.kid ?? null,
    ]);
    const candidates = rows.flatMap((row) => (row.client_id === null ? [] : [clientFacts(row as ClientRow)]));
    const client = await this.authentication.authenticate(presented, candidates);
    demandExchangingClient(client, grantType);
    const { apis, grant_lives, grant_client, person_id, user_id, blocked, mfa_always } = rows[0]!;
    const audit = { clientId: client.clientId, personId: person_id, userId: user_id };
    this.demandFor(token, apis ?? [], client, audit);
    await this.proofs.demand({ dpop, jkt: token!.jkt, accessToken: value, path, audit });
    if (blocked) throw new UserBlockedError(audit);
    if (!grant_lives || person_id === null || user_id === null)
      throw new InvalidAccessTokenSubjectError('was revoked', 'subject_revoked', audit);
    if (token!.subject !== user_id || token!.clientId !== grant_client)
      throw new InvalidAccessTokenSubjectError('is not of the grant that it names', 'subject_invalid', audit);
    if (mfa_always) throw new MfaRequiredError(audit);
    return subjectOf(client, { person_id, user_id });
  }

  private demandFor(
    token: GenuineToken | null,
    apis: NonNullable<Found['apis']>,
    client: ClientFacts,
    audit: Record<string, string | null>,
  ): void {
    const invalid = (why: string) => new InvalidAccessTokenSubjectError(why, 'subject_invalid', audit);
    if (!token) throw invalid('is none that this server issued for an API (an ID token is for the client alone)');
    const own = [this.publicUrl.managementAudience, this.publicUrl.myAccountAudience];
    if (token.audiences.some((audience) => own.includes(audience))) throw invalid('is for an API of this server');
    const [first] = apis;
    if (!first || token.grantId === null || token.isMachine) throw invalid('is not an access token of a person');
    const api = apis.find(({ identifier }) => identifier === client.resourceServerIdentifier);
    if (!isOf(api ?? first, token)) throw invalid('is of another kind');
    if (!api || client.appType !== 'resource_server')
      throw new UnauthorizedClientError(
        `Only the API's own client may exchange this token: app_type resource_server, and ` +
          `resource_server_identifier equal to the audience of the token.`,
        'client_not_api_client',
        client.appType === 'resource_server' ? 'resource_server_identifier' : 'app_type',
        audit,
      );
    if (!token.isCurrent()) throw new InvalidAccessTokenSubjectError('has ended', 'subject_expired', audit);
  }
}
