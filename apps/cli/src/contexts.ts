import { auditDatabase } from '@strongroom/audit';
import { connectedAccountsDatabase } from '@strongroom/connected-accounts';
import { connectionsDatabase } from '@strongroom/connections';
import type { ServiceName } from '@strongroom/contracts';
import { exchangeDatabase } from '@strongroom/exchange';
import { identityDatabase } from '@strongroom/identity';
import type { ContextDatabase } from '@strongroom/persistence';
import { tokensetsDatabase } from '@strongroom/tokensets';

/** The database of each service, at the address given. */
export const contexts: Record<ServiceName, (url: string) => ContextDatabase> = {
  connections: connectionsDatabase,
  'connected-accounts': connectedAccountsDatabase,
  exchange: exchangeDatabase,
  tokensets: tokensetsDatabase,
  identity: identityDatabase,
  audit: auditDatabase,
};
