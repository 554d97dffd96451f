import { keyRingMigrations } from '@strongroom/crypto';
import { messagingMigrations } from '@strongroom/messaging';
import { type ContextDatabase, databaseHomeMigrations } from '@strongroom/persistence';
import { authorizationParts } from './authorization.parts.js';
import { KeyIds1700000000610 } from './migrations/1700000000610-key-ids.js';
import { registryParts } from './registry.parts.js';

export const identityDatabase = (url: string): ContextDatabase => ({
  url,
  schema: 'identity',
  entities: [...registryParts.entities, ...authorizationParts.entities],
  migrations: [
    ...messagingMigrations,
    ...databaseHomeMigrations,
    ...keyRingMigrations,
    ...registryParts.migrations,
    ...authorizationParts.migrations,
    KeyIds1700000000610,
  ],
});
