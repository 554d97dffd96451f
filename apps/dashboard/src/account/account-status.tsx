import { Status } from '../ui/index.js';
import type { Account } from './accounts.queries.js';

export const AccountStatus = ({ account }: { account: Account }) => (
  <span className="actions">
    {account.status === 'connected' ? (
      <Status tone="good">Connected</Status>
    ) : (
      <Status tone="bad">Connect again</Status>
    )}
    {account.paused_clients.length > 0 && <Status tone="warn">{`${account.paused_clients.length} paused`}</Status>}
  </span>
);
