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
import { demandExchangingClient, mfaAlways } from './subject-client.js';
import { subjectOf } from './subject-of.js';
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
 * Token, grant, person and client together: one of the two reads of an exchange (`design.md` §5), for all that
 * exchange at the moment. `presented` is the client that a request names; without a name it is the one that holds the token.
 */
const READ = `select asked.place::int, t.client_id as holder, t.payload->>'jkt' as jkt, t.consumed_at is not null as is_consumed,
    t.expires_at > clock_timestamp() as is_alive, t.grant_id, g.id_hash is not null as grant_lives,
    u.person_id, u.user_id, u.blocked, ${mfaAlways('{schema}.tenant_settings')}, ${CLIENT_COLUMNS}
  from unnest($1::bytea[], $2::text[]) with ordinality as asked(hash, presented, place)
  left join {schema}.artefacts t on t.kind = 'RefreshToken' and t.id_hash = asked.hash
  left join {schema}.artefacts g on g.kind = 'Grant' and g.grant_id = t.grant_id and g.expires_at > clock_timestamp()
  left join {schema}.users u on u.person_id = t.person_id
  left join {schema}.clients c on c.client_id = coalesce(asked.presented, t.client_id)`;

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
    const asked: [Buffer, string | null] = [sha256(token), presented.clientId];
    const row = (await this.reads.shared<Found>(READ, asked))[0]!;
    const candidates = row.client_id === null ? [] : [clientFacts(row as ClientRow)];
    const client = await this.authentication.authenticate(presented, candidates);
    demandExchangingClient(client, grantType);
    const audit = { clientId: client.clientId, personId: row.person_id, userId: row.user_id };
    const isReplay = row.is_consumed && row.holder === client.clientId;
    if (rotates(client)) {
      if (isReplay) await this.endReplayed(asked[0], row.grant_id!, client.refreshToken?.leeway);
      throw new UnauthorizedClientError(
        'Refresh token rotation is on: set refresh_token.rotation_type to non-rotating on the client.',
        'client_rotation_on',
        'refresh_token.rotation_type',
        audit,
      );
    }
    if (row.holder !== client.clientId)
      throw new InvalidRefreshTokenError('subject_invalid', { clientId: client.clientId });
    await this.proofs.demand({ dpop, jkt: row.jkt, audit });
    if (isReplay) {
      await this.endReplayed(asked[0], row.grant_id!);
      throw new InvalidRefreshTokenError('subject_revoked', audit);
    }
    if (!row.is_alive) throw new InvalidRefreshTokenError('subject_expired', audit);
    if (row.blocked) throw new UserBlockedError(audit); // before the grant, which blocking ends too
    if (!row.grant_lives) throw new InvalidRefreshTokenError('subject_revoked', audit);
    if (row.person_id === null || row.user_id === null) throw new InvalidRefreshTokenError('subject_revoked', audit);
    if (row.mfa_always) throw new MfaRequiredError(audit);
    return subjectOf(client, { person_id: row.person_id, user_id: row.user_id });
  }

  /**
   * It had been rotated away: somebody holds a copy (RFC 9700 §4.14.2). Not within the leeway, in which a client may only
   * have missed the answer.
   */
  private async endReplayed(hash: Buffer, grantId: string, leeway = 0): Promise<void> {
    await this.database.transaction(async (tx) => {
      const replayed: unknown[] = await tx.query(
        `select from artefacts where kind = 'RefreshToken' and id_hash = $1
          and consumed_at <= clock_timestamp() - make_interval(secs => $2)`,
        [hash, leeway],
      );
      if (replayed.length > 0) await this.artefacts.endOfGrant(tx, grantId);
    });
  }
}
