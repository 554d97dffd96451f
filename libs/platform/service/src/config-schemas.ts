import { z } from 'zod';
import {
  adminEmail,
  adminPassword,
  certificateHeaderSetting,
  clientAuthenticationSettings,
  connectionCacheSetting,
  dashboardSetting,
  egressSettings,
  managementClientId,
  managementClientSecret,
  masterKeyProvider,
  masterKeys,
  proofSettings,
  providersSettings,
  redisSettings,
  refreshSettings,
  rotationSettings,
  serviceSettings,
  sharedLimitsSetting,
  sharedMemorySetting,
} from './settings.js';

/**
 * The settings of each service. Here and not in the apps, so that `strongroom doctor` checks what a service will read
 * and `docs/configuration.md` shows all of them.
 */
export const configSchemas = {
  connections: z.object({
    ...serviceSettings('connections', ['identity', 'tokensets']),
    ...sharedLimitsSetting,
    ...egressSettings,
    ...providersSettings,
  }),
  'connected-accounts': z.object({
    ...serviceSettings('connected-accounts', ['connections', 'identity', 'tokensets']),
    ...sharedLimitsSetting,
    ...providersSettings,
  }),
  exchange: z.object({
    ...serviceSettings('exchange', ['connections', 'identity', 'tokensets']),
    ...sharedLimitsSetting,
    ...certificateHeaderSetting,
    ...connectionCacheSetting,
  }),
  tokensets: z.object({
    ...serviceSettings('tokensets', ['connections', 'identity']),
    ...redisSettings,
    STRONGROOM_MASTER_KEY_PROVIDER: masterKeyProvider,
    STRONGROOM_MASTER_KEYS: masterKeys,
    STRONGROOM_NODE_ID: z
      .uuid()
      .optional()
      .describe(
        "This process's place, the same after a restart and of no other process. Default: made up and kept in the directory below.",
      ),
    STRONGROOM_SPILL_DIR: z
      .string()
      .min(1)
      .default('.strongroom/spill')
      .describe(
        'Directory of this process alone, for new refresh tokens that are not in the database yet, sealed. On a disk that outlives the process: what is lost with it, people have to connect again.',
      ),
    STRONGROOM_DASHBOARD: dashboardSetting
      .default('off')
      .describe(
        '`on`: the edge serves the dashboard, so that a refusal may name the page where the person can connect (`connect.page`).',
      ),
    ...egressSettings,
    ...providersSettings,
    ...refreshSettings,
    ...rotationSettings,
  }),
  identity: z.object({
    ...serviceSettings('identity', ['connections']),
    ...sharedMemorySetting,
    STRONGROOM_MASTER_KEY_PROVIDER: masterKeyProvider,
    STRONGROOM_MASTER_KEYS: masterKeys,
    ...rotationSettings,
    ...proofSettings,
    ...clientAuthenticationSettings,
    STRONGROOM_MANAGEMENT_CLIENT_ID: managementClientId,
    STRONGROOM_MANAGEMENT_CLIENT_SECRET: managementClientSecret,
    STRONGROOM_ADMIN_EMAIL: adminEmail.optional(),
    STRONGROOM_ADMIN_PASSWORD: adminPassword.optional(),
  }),
  audit: z.object({ ...serviceSettings('audit', ['connections', 'identity']), ...sharedLimitsSetting }),
};
