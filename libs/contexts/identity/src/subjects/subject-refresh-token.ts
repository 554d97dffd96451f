import { Injectable } from '@nestjs/common';
import type { Subject } from '@strongroom/contracts';
import { PreparedReads } from '@strongroom/persistence';
import { DataSource } from 'typeorm';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import {
  InvalidRefreshTokenError,
  MfaRequiredError,
  UnauthorizedClientError,
  UserBlockedError,
} from '../authorization.errors.js';
import { ClientAuthentication } from '../door/client-authentication.js';
import { CLIENT_COLUMNS, clientFacts, type ClientRow, rotates } from '../door/client-facts.js';
import { sha256 } from '../hash.js';
import type { PresentedBy } from './presented-by.js';
import { demandExchangingClient, MFA_ALWAYS } from './subject-client.js';
import { SubjectProofs } from './subject-proofs.js';

interface Found extends Partial<ClientRow> {
  holder: string | null;
  jkt: string | null;
  is_consumed: boolean | null;
  is_alive: boolean | null;
  grant_id: string | null;
  grant_lives: boolean;
  person_id: string | null;
  user_id: string | null;
  blocked: boolean | null;
  mfa_always: boolean;
}

/**
 * Token, grant, person and client together: one of the two reads of an exchange (`design.md` §5). `$2` is the client
 * that the request names; without a name it is the one that holds the token.
 */
const READ = `select t.client_id as holder, t.payload->>'jkt' as jkt, t.consumed_at is not null as is_consumed,
    t.expires_at > clock_timestamp() as is_alive, t.grant_id, g.id_hash is not null as grant_lives,
    u.person_id, u.user_id, u.blocked, ${MFA_ALWAYS}, ${CLIENT_COLUMNS}
  from (select 1) as one
  left join artefacts t on t.kind = 'RefreshToken' and t.id_hash = $1
  left join artefacts g on g.kind = 'Grant' and g.grant_id = t.grant_id and g.expires_at > clock_timestamp()
  left join users u on u.person_id = t.person_id
  left join clients c on c.client_id = coalesce($2, t.client_id)`;

/** A refresh token as the subject of an exchange: read, never used up. */
@Injectable()
export class SubjectRefreshToken {
  constructor(
    private readonly reads: PreparedReads,
    private readonly database: DataSource,
    private readonly authentication: ClientAuthentication,
    private readonly artefacts: ArtefactsService,
    private readonly proofs: SubjectProofs,
  ) {}

  async validate(token: string, { client: presented, grantType, dpop }: PresentedBy): Promise<Subject> {
    const row = (await this.reads.one<Found>('subject_refresh_token', READ, [sha256(token), presented.clientId]))!;
    const candidates = row.client_id === null ? [] : [clientFacts(row as ClientRow)];
    const client = await this.authentication.authenticate(presented, candidates);
    demandExchangingClient(client, grantType);
    const audit = { clientId: client.clientId, personId: row.person_id, userId: row.user_id };
    if (rotates(client))
      throw new UnauthorizedClientError(
        'Refresh token rotation is on: set refresh_token.rotation_type to non-rotating on the client.',
        'client_rotation_on',
        'refresh_token.rotation_type',
        audit,
      );
    if (row.holder !== client.clientId)
      throw new InvalidRefreshTokenError('subject_invalid', { clientId: client.clientId });
    await this.proofs.demand({ dpop, jkt: row.jkt, audit });
    if (row.is_consumed) await this.endReplayed(row.grant_id!);
    if (row.blocked) throw new UserBlockedError(audit); // first: blocking ends the grant too
    if (row.is_consumed || !row.grant_lives) throw new InvalidRefreshTokenError('subject_revoked', audit);
    if (!row.is_alive) throw new InvalidRefreshTokenError('subject_expired', audit);
    if (row.person_id === null || row.user_id === null) throw new InvalidRefreshTokenError('subject_revoked', audit);
    if (row.mfa_always) throw new MfaRequiredError(audit);
    return { personId: row.person_id, userId: row.user_id, clientId: client.clientId };
  }

  /** It had been rotated away: somebody holds a copy (RFC 9700 §4.14.2). */
  private async endReplayed(grantId: string): Promise<void> {
    await this.database.transaction((tx) => this.artefacts.endOfGrant(tx, grantId));
  }
}
