import { intakeKeyMigrations, keyRingMigrations } from '@strongroom/crypto';
import { messagingMigrations } from '@strongroom/messaging';
import { type ContextDatabase, databaseHomeMigrations } from '@strongroom/persistence';
import { CreateTokensets1700000000100 } from './migrations/1700000000100-create-tokensets.js';
import { WhatAccountsBring1700000000200 } from './migrations/1700000000200-what-accounts-bring.js';
import { OpenAttempts1700000000300 } from './migrations/1700000000300-open-attempts.js';
import { AheadOfTime1700000000400 } from './migrations/1700000000400-ahead-of-time.js';
import { Revocations1700000000500 } from './migrations/1700000000500-revocations.js';
import { Restored1700000000600 } from './migrations/1700000000600-restored.js';
import { KeyIds1700000000610 } from './migrations/1700000000610-key-ids.js';
import { OwnLabels1700000000810 } from './migrations/1700000000810-own-labels.js';
import { WhoSentACode1700000000980 } from './migrations/1700000000980-who-sent-a-code.js';
import { TokensetEntity } from './tokenset.entity.js';

export const tokensetsDatabase = (url: string): ContextDatabase => ({
  url,
  schema: 'tokensets',
  entities: [TokensetEntity],
  migrations: [
    ...messagingMigrations,
    ...databaseHomeMigrations,
    ...keyRingMigrations,
    ...intakeKeyMigrations,
    CreateTokensets1700000000100,
    WhatAccountsBring1700000000200,
    OpenAttempts1700000000300,
    AheadOfTime1700000000400,
    Revocations1700000000500,
    Restored1700000000600,
    KeyIds1700000000610,
    OwnLabels1700000000810,
    WhoSentACode1700000000980,
  ],
});
