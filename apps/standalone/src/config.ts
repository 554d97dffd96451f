import {
  adminEmail,
  adminPassword,
  clientAuthenticationSettings,
  connectionCacheSetting,
  dashboardSetting,
  egressSettings,
  listenerSettings,
  loggingSettings,
  managementClientId,
  managementClientSecret,
  masterKeyProvider,
  masterKeys,
  metricsSettings,
  proofSettings,
  providersSettings,
  publicUrlSetting,
  rateSettings,
  refreshSettings,
  rotationSettings,
} from '@strongroom/service';
import { z } from 'zod';

/** Every setting of the standalone server. `docs/configuration.md` is generated from this. */
export const configSchema = z.object({
  ...listenerSettings,
  STRONGROOM_PUBLIC_URL: publicUrlSetting
    .optional()
    .describe(`${publicUrlSetting.description} Without it: \`http://localhost:{port}\`, or \`https://…\` with TLS.`),
  STRONGROOM_DATA_DIR: z
    .string()
    .default('.strongroom')
    .describe('Directory of the embedded Postgres, the generated keys and credentials. Back it up; keys apart.'),
  STRONGROOM_SPILL_DIR: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Directory for new refresh tokens that are not in the database yet, sealed. Default: `spill` in the data directory.',
    ),
  STRONGROOM_TLS: z
    .enum(['generate'])
    .optional()
    .describe('`generate`: make a local certificate authority and certificate in the data directory, and serve HTTPS.'),
  STRONGROOM_TLS_CERT: z.string().optional().describe('Certificate chain, PEM. Usually given as a file.'),
  STRONGROOM_TLS_KEY: z.string().optional().describe('Private key of the certificate, PEM. Usually given as a file.'),
  STRONGROOM_TLS_CLIENT_CERTS: z
    .enum(['ask'])
    .optional()
    .describe(
      '`ask`: with TLS, ask clients for a certificate without demanding one; the same port then also answers as `mtls.{host}`.',
    ),
  STRONGROOM_MASTER_KEY_PROVIDER: masterKeyProvider,
  STRONGROOM_MASTER_KEYS: masterKeys
    .optional()
    .describe(`${masterKeys.description} Without it one is made in the data directory.`),
  STRONGROOM_MANAGEMENT_CLIENT_ID: managementClientId
    .optional()
    .describe(`${managementClientId.description} Generated if absent.`),
  STRONGROOM_MANAGEMENT_CLIENT_SECRET: managementClientSecret
    .optional()
    .describe(`${managementClientSecret.description} Generated if absent.`),
  STRONGROOM_ADMIN_EMAIL: adminEmail.optional().describe(`${adminEmail.description} Generated if absent.`),
  STRONGROOM_ADMIN_PASSWORD: adminPassword.optional().describe(adminPassword.description!),
  STRONGROOM_SIMULATOR: z
    .enum(['on', 'off'])
    .default('off')
    .describe(
      '`on`: start the provider simulator beside the server; every provider of the catalogue is then the simulated one. For trying and for tests.',
    ),
  STRONGROOM_SIMULATOR_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(9090)
    .describe('Port of that simulator on loopback; 0 takes any free one.'),
  STRONGROOM_DASHBOARD: dashboardSetting
    .optional()
    .describe(
      '`on`: serve the pages of `/dashboard` and `/account`; `off`: nothing is there. Default: on where they are built.',
    ),
  ...egressSettings,
  ...providersSettings,
  ...connectionCacheSetting,
  ...refreshSettings,
  ...rotationSettings,
  ...proofSettings,
  ...clientAuthenticationSettings,
  ...rateSettings,
  ...metricsSettings,
  ...loggingSettings,
});

export type Config = Readonly<z.output<typeof configSchema>>;
