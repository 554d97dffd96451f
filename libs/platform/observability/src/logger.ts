import pino, { type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

interface LoggedRequest {
  id?: unknown;
  method?: string;
  url?: string;
}

/**
 * One line of JSON per record. Requests show their path and never their query, which may hold codes and tickets;
 * errors show type, message and stack, never their other properties, which may hold what a provider answered.
 */
export const createLogger = (level: string, to: DestinationStream = pino.destination(2)): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: {
        req: ({ id, method, url }: LoggedRequest) => ({ id, method, path: url?.split('?')[0] }),
        res: ({ statusCode }: { statusCode?: number }) => ({ statusCode }),
        err: plainError,
        error: plainError,
      },
    },
    to,
  );

function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  return { type: name, message, code, stack, ...(cause === undefined ? {} : { cause: plainError(cause) }) };
}

/** Token under which the process's logger is injected. */
export const LOGGER = Symbol('logger');
