import type { PersonView } from '@strongroom/contracts';
import type { Bench, HttpAnswer } from './connect-bench.js';

/** A page of ours that goes nowhere, and says that nothing was connected. */
export function expectPage(answer: HttpAnswer, says: RegExp): void {
  expect(answer.headers['content-type']).toMatch(/^text\/html/);
  expect(answer.location).toBe('');
  expect(answer.body).toMatch(says);
  expect(answer.body).toMatch(/Nothing was connected/);
}

/** Nothing was redeemed and nobody has an account. */
export async function expectNothingOf(bench: Bench, people: readonly PersonView[]): Promise<void> {
  expect(bench.vault.sent).toEqual([]);
  const accounts = await bench.database.query('SELECT id FROM connected_accounts WHERE person_id = ANY($1)', [
    people.map(({ personId }) => personId),
  ]);
  expect(accounts).toEqual([]);
}
