import { type Area, sessions } from '../session/index.js';
import { ApiProblem, problemOf } from './problem.js';

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  /** What is undefined or empty is left out; a list is said once for each. */
  query?: Record<string, string | number | boolean | readonly string[] | undefined>;
}

const SIGNED_OUT = 'You are not signed in any more. Sign in again; nothing was changed.';
const UNREADABLE = 'What answered was not the server of this page. Look at your connection and try again.';
const NO_ANSWER = 'No answer came from the server. Look at your connection and try again.';

/** One call with the person's own token. One that was refused is asked for anew, and the call repeated, once. */
export async function call<Answer>(area: Area, path: string, options: Call = {}): Promise<Answer> {
  const session = sessions[area];
  let answer = await send(path, options, session.token());
  if (answer.status === 401) answer = await send(path, options, session.renew());
  if (!answer.ok) throw await problemOf(answer);
  // Of what is done without an answer (202, 204) there is nothing to read, and who calls for it wants nothing.
  const text = await answer.text();
  return (text === '' ? undefined : read(text)) as Answer;
}

/** What stands between may answer in the server's place, with a page of its own. */
function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiProblem(UNREADABLE, 0, 'unreadable');
  }
}

/** A token that could not be renewed for want of an answer is the same to a person as a call that got none. */
const noAnswer = (): never => {
  throw new ApiProblem(NO_ANSWER, 0, 'no_answer');
};

async function send(
  path: string,
  { method = 'GET', body, query = {} }: Call,
  awaited: Promise<string | null>,
): Promise<Response> {
  const token = await awaited.catch(noAnswer);
  if (token === null) throw new ApiProblem(SIGNED_OUT, 401, 'signed_out');
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [value].flat().map((one) => [name, String(one)]),
  );
  const asked = parameters.length > 0 ? `?${new URLSearchParams(parameters).toString()}` : '';
  return fetch(`${path}${asked}`, {
    method,
    // No cookie goes along: the token alone says who asks.
    credentials: 'omit',
    cache: 'no-store',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(noAnswer);
}
