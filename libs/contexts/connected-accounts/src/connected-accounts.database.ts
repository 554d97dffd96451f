import { messagingMigrations } from '@strongroom/messaging';
import { type ContextDatabase, databaseHomeMigrations } from '@strongroom/persistence';
import { ConnectedAccountEntity } from './accounts/connected-account.entity.js';
import { ConnectSessionEntity } from './connect/connect-session.entity.js';
import { CreateConnectedAccounts1700000000100 } from './migrations/1700000000100-create-connected-accounts.js';
import { KeepWhatTheFlowBrings1700000000110 } from './migrations/1700000000110-keep-what-the-flow-brings.js';
import { KeepWhereACodeMayGo1700000000120 } from './migrations/1700000000120-keep-where-a-code-may-go.js';
import { KeepWhatAnAccountIsCalled1700000000820 } from './migrations/1700000000820-keep-what-an-account-is-called.js';
import { KeepWhatEndsAndWhatToLookUp1700000000920 } from './migrations/1700000000920-keep-what-ends-and-what-to-look-up.js';
import { KeepSinceWhenOneMayComeAgain1700000000980 } from './migrations/1700000000980-keep-since-when-one-may-come-again.js';

export const connectedAccountsDatabase = (url: string): ContextDatabase => ({
  url,
  schema: 'connected_accounts',
  entities: [ConnectSessionEntity, ConnectedAccountEntity],
  migrations: [
    ...messagingMigrations,
    ...databaseHomeMigrations,
    CreateConnectedAccounts1700000000100,
    KeepWhatTheFlowBrings1700000000110,
    KeepWhereACodeMayGo1700000000120,
    KeepWhatAnAccountIsCalled1700000000820,
    KeepWhatEndsAndWhatToLookUp1700000000920,
    KeepSinceWhenOneMayComeAgain1700000000980,
  ],
});
