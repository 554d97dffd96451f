import { z } from 'zod';

const seconds = (byDefault: number) => z.coerce.number().int().positive().max(3600).default(byDefault);

/** Every setting of the standalone server. `docs/configuration.md` is generated from this. */
export const configSchema = z.object({
  STRONGROOM_PORT: z.coerce.number().int().min(1).max(65535).default(3000).describe('Port to listen on.'),
  STRONGROOM_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address to listen on. Open it to others only with TLS, or behind a proxy that ends TLS.'),
  STRONGROOM_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Where browsers and clients reach the server; no path. The issuer is this plus `/`. ' +
        'Without it: `http://localhost:{port}`, or `https://…` with TLS.',
    ),
  STRONGROOM_DATA_DIR: z
    .string()
    .default('.strongroom')
    .describe('Directory of the embedded Postgres, the generated keys and credentials. Back it up; keys apart.'),
  STRONGROOM_TLS: z
    .enum(['generate'])
    .optional()
    .describe('`generate`: make a local certificate authority and certificate in the data directory, and serve HTTPS.'),
  STRONGROOM_TLS_CERT: z.string().optional().describe('Certificate chain, PEM. Usually given as a file.'),
  STRONGROOM_TLS_KEY: z.string().optional().describe('Private key of the certificate, PEM. Usually given as a file.'),
  STRONGROOM_MASTER_KEYS: z
    .string()
    .optional()
    .describe('`id:base64,…`, 32 bytes each; the first seals, all open. Without it one is made in the data directory.'),
  STRONGROOM_MANAGEMENT_CLIENT_ID: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'is 1 to 64 characters of A-Z a-z 0-9 _ . -')
    .optional()
    .describe('Machine-to-machine client with every Management API scope. Generated if absent.'),
  STRONGROOM_MANAGEMENT_CLIENT_SECRET: z.string().min(16).optional().describe('Its secret. Generated if absent.'),
  STRONGROOM_ADMIN_EMAIL: z.email().optional().describe('First administrator. Generated if absent.'),
  STRONGROOM_ADMIN_PASSWORD: z.string().min(8).optional().describe('Password of the first administrator.'),
  STRONGROOM_EGRESS_ALLOW: z
    .string()
    .default('')
    .transform((list) =>
      list
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    )
    .describe('Origins, comma-separated, that may be plain HTTP or private addresses. Port `*` allows any port.'),
  STRONGROOM_REFRESH_TIMEOUT_SECONDS: seconds(30).describe('How long one refresh at a provider may take.'),
  STRONGROOM_REFRESH_WAIT_SECONDS: seconds(8).describe(
    'How long an exchange waits for a refresh before it answers 503.',
  ),
  STRONGROOM_MIN_TOKEN_LIFE_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(600)
    .default(30)
    .describe('Least life of a token that is handed out.'),
  STRONGROOM_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
    .default('warn')
    .describe('Log lines are JSON on standard error.'),
});

export type Config = Readonly<z.output<typeof configSchema>>;
