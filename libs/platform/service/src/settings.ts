import { X509Certificate } from 'node:crypto';
import { type ServiceName } from '@strongroom/contracts';
import type { EgressOptions } from '@strongroom/egress';
import { RateLimits } from '@strongroom/http';
import type { Counters } from '@strongroom/locking';
import { z } from 'zod';

/** Groups of settings, each variable with the line that `docs/configuration.md` shows. */
const port = (byDefault: number, what: string) =>
  z.coerce.number().int().min(1).max(65535).default(byDefault).describe(what);
const seconds = (byDefault: number) => z.coerce.number().int().positive().max(3600).default(byDefault);
const count = (byDefault: number) => z.coerce.number().int().positive().max(100_000).default(byDefault);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean),
);

export const listenerSettings = {
  STRONGROOM_PORT: port(3000, 'Port to listen on.'),
  STRONGROOM_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address to listen on. Open it to others only with TLS, or behind a proxy that ends TLS.'),
  STRONGROOM_TRUSTED_PROXIES: list
    .default([])
    .describe('Addresses or CIDRs, comma-separated, whose `X-Forwarded-For` is believed: the edge. Default: nobody.'),
  STRONGROOM_MAX_IN_FLIGHT: count(1000).describe(
    'Requests that one process works on at the same time; beyond it 503 with `Retry-After`, health excepted.',
  ),
};

export const publicUrlSetting = z
  .url({ protocol: /^https?$/ })
  .describe('Where browsers and clients reach the installation; no path. The issuer is this plus `/`.');

export const loggingSettings = {
  STRONGROOM_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
    .default('warn')
    .describe('Log lines are JSON on standard error.'),
};

export const metricsSettings = {
  STRONGROOM_METRICS_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .optional()
    .describe(
      'Port for `GET /metrics`, Prometheus format. Not set: no metrics; 0: any free one. Never let the edge route to it.',
    ),
  STRONGROOM_METRICS_HOST: z.string().default('127.0.0.1').describe('Address of that port.'),
};

export const egressSettings = {
  STRONGROOM_EGRESS_ALLOW: list
    .default([])
    .describe('Origins, comma-separated, that may be plain HTTP or private addresses. Port `*` allows any port.'),
  STRONGROOM_EGRESS_PROXY: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('HTTP proxy for every call to a provider, `http://host:port`. `HTTP_PROXY` and the like are not read.'),
  STRONGROOM_EGRESS_PROXY_CREDENTIALS: z
    .string()
    .optional()
    .describe('`user:password` for that proxy. Usually given as a file.'),
};

export interface EgressConfig {
  STRONGROOM_EGRESS_ALLOW?: string[];
  STRONGROOM_EGRESS_PROXY?: string | undefined;
  STRONGROOM_EGRESS_PROXY_CREDENTIALS?: string | undefined;
}

/** What these settings say, as the way out takes it. */
export function egressOptions(config: EgressConfig): Pick<EgressOptions, 'allow' | 'proxy'> {
  const { STRONGROOM_EGRESS_PROXY: url, STRONGROOM_EGRESS_PROXY_CREDENTIALS: credentials } = config;
  const proxy = url ? { url, ...(credentials ? { credentials } : {}) } : undefined;
  return { allow: config.STRONGROOM_EGRESS_ALLOW ?? [], proxy };
}

export const providersSettings = {
  STRONGROOM_PROVIDERS_FILE: list
    .default([])
    .describe('JSON files, comma-separated, of providers of your own or with corrections to the shipped ones.'),
};

export const refreshSettings = {
  STRONGROOM_REFRESH_TIMEOUT_SECONDS: seconds(30).describe('How long one refresh at a provider may take.'),
  // Below the deadline of the call between services, so that the answer is this one and not a failed call.
  STRONGROOM_REFRESH_WAIT_SECONDS: z.coerce
    .number()
    .int()
    .positive()
    .max(50)
    .default(8)
    .describe('How long an exchange waits for a refresh before it answers 503.'),
  STRONGROOM_MIN_TOKEN_LIFE_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(600)
    .default(30)
    .describe('Least life of a token that is handed out.'),
  STRONGROOM_STRICT_TAKEOVER_SECONDS: z.coerce
    .number()
    .int()
    .positive()
    .max(86_400)
    .default(600)
    .describe(
      'Silence of a process after which another may send a refresh token again that its provider takes only once. Longer than a refresh may take and 15 s.',
    ),
  STRONGROOM_REFRESH_BUDGET_PER_SECOND: count(50).describe(
    'Refreshes per second of one connection at one token host, all processes together. A provider may have less.',
  ),
  STRONGROOM_REFRESH_BUDGET_BURST: count(100).describe('So many of them at once after a rest.'),
  STRONGROOM_REFRESH_BUDGET_IN_FLIGHT: count(32).describe('So many of them under way at the same time.'),
  STRONGROOM_UNUSED_TOKENSET_DAYS: z.coerce
    .number()
    .int()
    .min(30)
    .max(36_500)
    .default(365)
    .describe('Tokens that nobody has used for so long are no longer kept alive, and are deleted.'),
};

/** As the context of tokensets takes them. */
export function refreshOptions(config: Readonly<z.output<z.ZodObject<typeof refreshSettings>>>) {
  return {
    refreshTimeoutMs: config.STRONGROOM_REFRESH_TIMEOUT_SECONDS * 1000,
    refreshWaitMs: config.STRONGROOM_REFRESH_WAIT_SECONDS * 1000,
    minimumSeconds: config.STRONGROOM_MIN_TOKEN_LIFE_SECONDS,
    strictTakeoverSeconds: config.STRONGROOM_STRICT_TAKEOVER_SECONDS,
    refreshBudget: {
      perSecond: config.STRONGROOM_REFRESH_BUDGET_PER_SECOND,
      burst: config.STRONGROOM_REFRESH_BUDGET_BURST,
      inFlight: config.STRONGROOM_REFRESH_BUDGET_IN_FLIGHT,
    },
    unusedTokensetDays: config.STRONGROOM_UNUSED_TOKENSET_DAYS,
  };
}

export const managementClientId = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'is 1 to 64 characters of A-Z a-z 0-9 _ . -')
  .describe('Machine-to-machine client with every Management API scope.');
export const managementClientSecret = z.string().min(16).describe('Its secret.');
export const adminEmail = z.email().describe('First administrator.');
export const adminPassword = z.string().min(8).describe('Password of the first administrator.');
export const masterKeys = z.string().describe('`id:base64,…`, 32 bytes each; the first seals, all open.');

/** More of them are planned; whoever asks for one of those must not silently get keys from here. */
export const masterKeyProvider = z
  .enum(['keys'])
  .default('keys')
  .describe('Where the master keys come from: `keys`, out of the configuration, is the only one so far.');

export const rotationSettings = {
  STRONGROOM_REWRAP_ROWS_PER_SECOND: count(500).describe(
    'How many records a second a rotation of the encryption key moves on, in each of the two key rings.',
  ),
};

export const connectionCacheSetting = {
  STRONGROOM_CONNECTION_CACHE_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(60)
    .default(2)
    .describe(
      'How long an exchange may go by what a connection was: its switches, and for whom it is enabled. 0: it is asked every time.',
    ),
};

export const dashboardSetting = z.enum(['on', 'off']);

export const redisSettings = {
  STRONGROOM_REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .describe('Redis for locks and counters. Without an answer from it everything goes on, more slowly.'),
};

/** For identity, which also remembers proofs there. */
export const sharedMemorySetting = {
  STRONGROOM_REDIS_URL: redisSettings.STRONGROOM_REDIS_URL.describe(
    'Redis for locks, counters and which DPoP proofs were used. Without an answer from it each process counts alone, and requests with a proof are answered 503.',
  ),
};

/** For services whose calls are limited but that need no locks. */
export const sharedLimitsSetting = {
  STRONGROOM_REDIS_URL: redisSettings.STRONGROOM_REDIS_URL.optional().describe(
    'Redis for counting calls of our own APIs, and exchanges of clients with a limit. Without it each process counts alone.',
  ),
};

export const rateSettings = {
  STRONGROOM_RATE_MANAGEMENT: count(100).describe(
    'Calls per second of one client at the Management API; twice as many may come at once.',
  ),
  STRONGROOM_RATE_ACCOUNT: count(50).describe(
    'Calls per second of one person at the My Account API; twice as many may come at once.',
  ),
};

/** As the HTTP server takes them. */
export const rateLimits = (
  config: Readonly<z.output<z.ZodObject<typeof rateSettings>>>,
  counters: Counters,
): RateLimits =>
  new RateLimits(counters, {
    management: config.STRONGROOM_RATE_MANAGEMENT,
    'my-account': config.STRONGROOM_RATE_ACCOUNT,
  });

const variable = (service: ServiceName): string => service.replaceAll('-', '_').toUpperCase();

/** `STRONGROOM_CONNECTED_ACCOUNTS_DATABASE_URL`. */
export const databaseUrlName = (service: ServiceName): string => `STRONGROOM_${variable(service)}_DATABASE_URL`;
/** `STRONGROOM_CONNECTED_ACCOUNTS_RPC_URL`. */
export const rpcUrlName = (service: ServiceName): string => `STRONGROOM_${variable(service)}_RPC_URL`;

/** A name that is computed has no place in the type; it is read by `databaseUrlOf` and `rpcUrlsOf`. */
const named = (name: string, schema: z.ZodType): object => ({ [name]: schema });

const rpcUrl = (service: ServiceName) =>
  list
    .pipe(z.array(z.url({ protocol: /^https?$/ })).min(1))
    .describe(`Where ${service} answers calls between services; several, comma-separated, take turns.`);

/** What every service needs, whatever it does; `calls` are the services whose ports it uses. */
export const serviceSettings = (service: ServiceName, calls: readonly ServiceName[]) => ({
  STRONGROOM_PUBLIC_URL: publicUrlSetting,
  ...listenerSettings,
  STRONGROOM_RPC_PORT: port(3100, 'Port for calls between services. Never let the edge route to it.'),
  STRONGROOM_RPC_HOST: z.string().optional().describe('Address of that port. Default: `STRONGROOM_HOST`.'),
  ...named(
    databaseUrlName(service),
    z
      .url({ protocol: /^postgres(ql)?$/ })
      .describe(`Postgres of ${service}, under its own role: \`postgres://role@host:5432/database\`.`),
  ),
  STRONGROOM_DATABASE_PASSWORD: z
    .string()
    .optional()
    .describe('Password of that role, so that the address need not hold it.'),
  STRONGROOM_KAFKA_BROKERS: list
    .pipe(z.array(z.string().regex(/^[^\s:/]+:\d+$/, 'is host:port, comma-separated')).min(1))
    .describe('Kafka, `host:port`, comma-separated.'),
  STRONGROOM_KAFKA_TOPIC_PREFIX: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'is 1 to 64 characters of A-Z a-z 0-9 _ -')
    .default('strongroom')
    .describe('First part of topic and group names.'),
  STRONGROOM_SERVICE_KEY: z
    .string()
    .describe("This service's private key, PEM (Ed25519). `strongroom init` makes it; usually given as a file."),
  STRONGROOM_SERVICE_KEYS: z
    .string()
    .describe("Every service's public key, a JWKS with the service's name as `kid`. Usually given as a file."),
  STRONGROOM_RPC_TLS_CA: z.string().optional().describe('With the next two: mutual TLS between services. PEM.'),
  STRONGROOM_RPC_TLS_CERT: z.string().optional().describe('Certificate of this service between services, PEM.'),
  STRONGROOM_RPC_TLS_KEY: z.string().optional().describe('Its private key, PEM.'),
  ...(Object.assign({}, ...calls.map((callee) => named(rpcUrlName(callee), rpcUrl(callee)))) as object),
  ...rateSettings,
  ...metricsSettings,
  ...loggingSettings,
});

export const certificateHeaderSetting = {
  STRONGROOM_CLIENT_CERT_HEADER: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'is the name of a header')
    .optional()
    .describe(
      "Header in which the edge hands on a client's certificate, URL-encoded PEM or RFC 9440. Read from `STRONGROOM_TRUSTED_PROXIES` only, which must remove what the client itself sent. Not set: no mTLS through an edge.",
    ),
};

/** One that cannot be read would otherwise be missed only when a client is refused. */
const holdsCertificates = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
};

export const clientAuthenticationSettings = {
  ...certificateHeaderSetting,
  STRONGROOM_CLIENT_CERT_CA: z
    .string()
    .refine(holdsCertificates, 'is not PEM of certificates')
    .optional()
    .describe(
      "PEM of the authorities that sign clients' certificates themselves; with it `tls_client_auth` is offered. Usually given as a file.",
    ),
  STRONGROOM_RATE_AUTH_FAILURES: count(100).describe(
    'Failed client authentications of one client at one address in five minutes; after that it waits for a minute.',
  ),
};

/** As the context of identity takes them; `asksItself`: the process ends TLS and asks for certificates. */
export const clientAuthentication = (
  config: Readonly<z.output<z.ZodObject<typeof clientAuthenticationSettings>>>,
  asksItself = false,
) => ({
  clientCertificates: {
    areOffered: asksItself || config.STRONGROOM_CLIENT_CERT_HEADER !== undefined,
    authorities: config.STRONGROOM_CLIENT_CERT_CA ?? null,
  },
  authFailures: config.STRONGROOM_RATE_AUTH_FAILURES,
});

export const proofSettings = {
  STRONGROOM_DPOP_NONCE: z
    .enum(['off', 'required'])
    .default('off')
    .describe(
      '`required`: a DPoP proof must hold a nonce of ours, which costs clients one more round trip now and then.',
    ),
};
