import type { DataOf, tokensetRevoked } from '@strongroom/contracts';

/** Columns of `revocations` that its event speaks of. */
export const TOLD_COLUMNS = `tokenset_id AS "tokensetId", person_id AS "personId", account_id AS "accountId",
  connection_id AS "connectionId", outcome, effect, attempts, code, event_version AS "eventVersion"`;

export interface RevocationRow {
  tokensetId: string;
  personId: string;
  accountId: string;
  connectionId: string;
  outcome: DataOf<typeof tokensetRevoked>['outcome'];
  effect: string | null;
  attempts: number;
  code: string | null;
  eventVersion: number;
}

/** The last word on a tokenset: it stays `deleted`, and goes on counting where its deletion stopped. */
export function toldOf({ eventVersion, ...row }: RevocationRow) {
  const data = { ...row, userId: null, status: 'deleted' as const, actor: { kind: 'system' as const } };
  return { id: row.tokensetId, sequence: eventVersion, data };
}
