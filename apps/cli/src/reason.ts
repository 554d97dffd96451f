/** What Postgres and the network say by code, in words that tell what to do. */
const BY_CODE: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there: start it, or correct the address',
  ENOTFOUND: 'its host name is unknown: correct the address',
  EAI_AGAIN: 'its host name cannot be resolved just now: correct the address, or try again',
  ETIMEDOUT: 'it does not answer: correct the address, or open the way to it',
  ECONNRESET: 'it closed the connection: look at its log',
  ENOENT: 'it is not there: run "strongroom init", or correct where it is looked for',
  EACCES: 'a file or directory is not ours to use: run as its owner, or see --owner',
  '28P01': 'the password is refused: correct it; for a role of a service run "strongroom migrate"',
  '28000': 'the role is refused: check its name and the rules of the server (pg_hba.conf)',
  '3D000': 'the database does not exist: correct the address, or run "strongroom migrate"',
  '42501': 'the role may not do that: give the owner of the database, or run "strongroom migrate"',
  '57P03': 'the database is starting up: try again, or use --wait',
};

interface Failure {
  message?: string;
  code?: unknown;
  errors?: unknown[];
}

/** One line for a person, with what to do: no stack, and nothing of what was sent. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const known = code === undefined ? undefined : BY_CODE[code];
  return [messageOf(error), known].filter(Boolean).join(': ');
}

/** What went wrong, where the caller says what to do. */
export function messageOf(error: unknown): string {
  const { message, errors } = (error ?? {}) as Failure;
  const first = errors?.[0];
  return [message, first && messageOf(first)].filter(Boolean).join(': ') || codeOf(error) || 'unknown error';
}

/** Several addresses of one host fail together; then the first one speaks. */
export function codeOf(error: unknown): string | undefined {
  const { code, errors } = (error ?? {}) as Failure;
  if (typeof code === 'string') return code;
  return errors && errors.length > 0 ? codeOf(errors[0]) : undefined;
}
