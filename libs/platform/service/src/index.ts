/**
 * How one of the six services starts, says how it is and stops; and which settings each reads. Owns no context: the app
 * brings the module.
 */
export { configSchemas } from './config-schemas.js';
export { refuseExampleKeys } from './refuse-example-keys.js';
export { refuseUnsafeStart } from './refuse-unsafe-start.js';
export { runService } from './run-service.js';
export { databaseUrlOf, type ServiceConfig, ServiceParts } from './service-parts.js';
export {
  adminEmail,
  adminPassword,
  clientAuthentication,
  clientAuthenticationSettings,
  connectionCacheSetting,
  dashboardSetting,
  databaseUrlName,
  egressOptions,
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
  rateLimits,
  rateSettings,
  refreshOptions,
  refreshSettings,
  rotationSettings,
} from './settings.js';
