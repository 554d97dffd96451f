/** Rotation of a context's installation keys in a running process, its routes and its events. */
export { EncryptionKeysRoutes } from './encryption-keys.routes.js';
export { keyringProviders } from './keyring-providers.js';
