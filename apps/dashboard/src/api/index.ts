/**
 * Calls to our own two APIs, with the token of whoever is signed in.
 *
 *   myAccount<Answer>('/connected-accounts/accounts', { query: { take: 20 } })   below /me/v1
 *   management<Answer>('/connections', { method: 'POST', body: {…} })            below /api/v2
 *   encoded`/users/${id}/connected-accounts`                                     a path with its parts encoded
 *
 * Both throw ApiProblem: `message` is what the API says and may be shown, `status`, `code`, `fields` (which field of a
 * form), `isPassing` (try again). An access token that was refused is renewed once. What lists give is read with
 * react-query: useQuery({ queryKey: ['connections'], queryFn: () => management<Connection[]>('/connections') }).
 */
import { call, type Call } from './call.js';

export { ApiProblem, type FieldProblem } from './problem.js';
export { newQueryClient } from './query-client.js';
export type { Call };

/** `/me/v1{path}`, in the area of people's own accounts. */
export const myAccount = <Answer = void>(path: string, options?: Call): Promise<Answer> =>
  call<Answer>('account', `/me/v1${path}`, options);

/** `/api/v2{path}`, in the area of administrators. */
export const management = <Answer = void>(path: string, options?: Call): Promise<Answer> =>
  call<Answer>('dashboard', `/api/v2${path}`, options);

/** A path whose values may hold anything, a slash too. */
export const encoded = (parts: TemplateStringsArray, ...values: readonly string[]): string =>
  parts.reduce((all, part, i) => all + encodeURIComponent(values[i - 1]!) + part);
