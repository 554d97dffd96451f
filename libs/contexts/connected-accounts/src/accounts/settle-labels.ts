import { Inject, Injectable } from '@nestjs/common';
import { TokenVault } from '@strongroom/contracts';
import { LOGGER, type Logger } from '@strongroom/observability';
import { DataSource } from 'typeorm';

const BATCH = 100;

interface Unsettled {
  id: string;
  personId: string;
  label: string | null;
  version: number;
}

/**
 * Makes copies of labels agree with the vault where that is not known: in rows from before there were copies, and of
 * accounts that were connected again, whose person may have renamed them in the same moment.
 */
@Injectable()
export class SettleLabels {
  constructor(
    private readonly database: DataSource,
    private readonly vault: TokenVault,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Some of them. Any number of processes may do this at once. */
  async run(): Promise<void> {
    const rows = await this.database.query<Unsettled[]>(
      `SELECT id, person_id AS "personId", label, event_version AS version FROM connected_accounts
       WHERE NOT label_settled AND status <> 'disconnected' ORDER BY person_id LIMIT ${BATCH}`,
    );
    try {
      for (const personId of new Set(rows.map((row) => row.personId)))
        await this.settle(
          personId,
          rows.filter((row) => row.personId === personId),
        );
    } catch (err) {
      this.logger.warn({ err }, 'labels of accounts could not be looked up yet');
    }
  }

  private async settle(personId: string, rows: Unsettled[]): Promise<void> {
    const known = new Map((await this.vault.list(personId)).map(({ accountId, label }) => [accountId, label]));
    for (const { id, label, version } of rows)
      // Whoever has renamed or connected it since knows better than what was read here.
      await this.database.query(
        `UPDATE connected_accounts SET label = $2, label_settled = true
         WHERE id = $1 AND label IS NOT DISTINCT FROM $3 AND event_version = $4 AND status <> 'disconnected'`,
        [id, known.has(id) ? known.get(id) : label, label, version],
      );
  }
}
