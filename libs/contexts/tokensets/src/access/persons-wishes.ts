import { Inject, Injectable } from '@nestjs/common';
import { isLabel, type TokenVault } from '@strongroom/contracts';
import { LOGGER, type Logger } from '@strongroom/observability';
import { DataSource } from 'typeorm';
import { changed, first } from '../rows.js';
import { isUniqueViolation } from '../store-errors.js';
import { InvalidLabelError, LabelTakenError, TooManyPausesError } from '../tokensets.errors.js';

const MOST_PAUSES = 100;

/**
 * What the person says of an account of theirs: what it is called and which clients are kept from it. It lies in the
 * row that every exchange reads, so it counts from the commit on. No event tells of it: a label is personal, and nobody
 * but this context acts on a pause.
 */
@Injectable()
export class PersonsWishes {
  constructor(
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Of two that want the same label at once the index lets one have it. Nor may it be what an exchange finds another
   * account by: whoever asked for the one would be given the other.
   */
  async label(request: Parameters<TokenVault['label']>[0]): Promise<{ label: string | null } | null> {
    const { personId, accountId } = request;
    if (request.label !== null && !isLabel(request.label)) throw new InvalidLabelError();
    const label = request.label?.normalize() ?? null; // what looks the same is the same
    const answer = await first<{ label: string | null; isFree: boolean }>(
      this.database,
      `WITH mine AS (SELECT id, connection_id FROM tokensets WHERE person_id = $1 AND account_id = $2),
         taken AS (SELECT t.id FROM tokensets t JOIN mine ON t.connection_id = mine.connection_id AND t.id <> mine.id
           WHERE t.person_id = $1 AND ($3::text IN (t.own_label, t.provider_label, t.provider_subject, t.account_id)
             OR lower(t.provider_email) = lower($3))),
         named AS (UPDATE tokensets t SET own_label = $3::text FROM mine
           WHERE t.id = mine.id AND NOT EXISTS (SELECT FROM taken) RETURNING coalesce(own_label, provider_label) AS label)
       SELECT named.label, NOT EXISTS (SELECT FROM taken) AS "isFree" FROM mine LEFT JOIN named ON true`,
      [personId, accountId, label],
    ).catch((error: unknown) => {
      throw isUniqueViolation(error) ? new LabelTakenError() : error;
    });
    if (!answer) return null;
    if (!answer.isFree) throw new LabelTakenError();
    return { label: answer.label };
  }

  async pause(request: Parameters<TokenVault['pause']>[0]): Promise<boolean> {
    const { personId, accountId, clientId, isPaused, actor } = request;
    const [row] = await changed<{ isPaused: boolean }>(
      this.database.manager,
      `UPDATE tokensets SET paused_client_ids = CASE
           WHEN NOT $4::boolean THEN array_remove(paused_client_ids, $3::text)
           WHEN $3 = ANY(paused_client_ids) OR cardinality(paused_client_ids) >= ${MOST_PAUSES} THEN paused_client_ids
           ELSE array_append(paused_client_ids, $3) END
       WHERE person_id = $1 AND account_id = $2 RETURNING $3 = ANY(paused_client_ids) AS "isPaused"`,
      [personId, accountId, clientId, isPaused],
    );
    if (!row) return false;
    if (row.isPaused !== isPaused) throw new TooManyPausesError();
    this.logger.info({ accountId, clientId, actor }, isPaused ? 'client paused' : 'client let in again');
    return true;
  }
}
