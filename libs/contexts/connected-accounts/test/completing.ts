import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { Flow } from './browser.js';
import type { Bench, HttpAnswer } from './connect-bench.js';

/** The one answer for every session that cannot be completed, whatever is the matter with it. */
export function expectNoSession(answer: HttpAnswer): void {
  expect(answer.status).toBe(404);
  expect(answer.json()).toEqual({
    type: 'https://auth0.com/api-errors/A0E-404-0001',
    title: 'Not Found',
    status: 404,
    detail: 'Invalid or expired session',
  });
}

export const vaultRefusal = (code: string, status: number, retryAfter?: number): VaultError =>
  new VaultError('the vault refused', { code, status, ...(retryAfter ? { retryAfter } : {}) });

/** Rows of the accounts that a person has. */
export const accountsOf = (bench: Bench, { personId }: PersonView): Promise<Record<string, unknown>[]> =>
  bench.database.query(`SELECT * FROM connected_accounts WHERE person_id = $1 AND status <> 'disconnected'`, [
    personId,
  ]);

export const ACCOUNTS = '/me/v1/connected-accounts/accounts';

interface Wanted {
  client: ClientView;
  connection: ConnectionView;
  person: PersonView;
}

/** The id of an account that the person has connected, all the way. */
export async function connectedAccount(bench: Bench, { client, connection, person }: Wanted): Promise<string> {
  const flow = await new Flow(bench, client, connection, person).untilCode();
  return ((await flow.complete()).json() as { id: string }).id;
}

/** The row of an account, also where it is disconnected; undefined: there is none. */
export const accountRow = async (bench: Bench, id: string): Promise<Record<string, unknown> | undefined> =>
  (await bench.database.query<Record<string, unknown>[]>('SELECT * FROM connected_accounts WHERE id = $1', [id]))[0];
