import { useState } from 'react';
import { useLocation, useNavigate, useParams } from 'react-router';
import { Button, ButtonLink, Confirm, Empty, Facts, Loaded, Notice, Page, Scopes, Time } from '../ui/index.js';
import { AccountStatus } from './account-status.js';
import { type Account, nameOf, useAccountChanges, useAccounts } from './accounts.queries.js';
import { Applications } from './applications.js';
import { RenameDialog } from './rename-dialog.js';
import { reconnectReason, WARNINGS } from './words.js';

export function AccountPage() {
  const { id } = useParams();
  const accounts = useAccounts();
  return (
    <Loaded query={accounts} what="The account">
      {(all) => {
        const account = all.find((one) => one.id === id);
        return account ? <AccountDetails account={account} /> : <NoSuchAccount />;
      }}
    </Loaded>
  );
}

const NoSuchAccount = () => (
  <Page title="No such account">
    <Empty title="You have no account at this address">
      <p>It may have been disconnected.</p>
      <ButtonLink to="/account">Go to your accounts</ButtonLink>
    </Empty>
  </Page>
);

function AccountDetails({ account }: { account: Account }) {
  const [open, setOpen] = useState<'rename' | 'disconnect' | null>(null);
  const { disconnect } = useAccountChanges(account);
  const navigate = useNavigate();
  const { state } = useLocation() as { state: { isNew?: boolean } | null };
  const again = `/account/connect/${encodeURIComponent(account.connection)}?account=${account.id}`;
  const close = () => setOpen(null);
  return (
    <Page
      title={nameOf(account)}
      actions={
        <>
          <Button onClick={() => setOpen('rename')}>Rename</Button>
          <ButtonLink to={again} kind={account.status === 'connected' ? 'plain' : 'main'}>
            Connect again
          </ButtonLink>
          <Button kind="danger" onClick={() => setOpen('disconnect')}>
            Disconnect
          </Button>
        </>
      }
    >
      {state?.isNew && <Notice tone="good">The account is connected.</Notice>}
      {account.status === 'reconnect_required' && (
        <Notice tone="bad">
          <p>No application can use this account. {reconnectReason(account.reason)}</p>
        </Notice>
      )}
      {account.warnings?.map((warning) => (
        <Notice key={warning} tone="warn">
          {WARNINGS[warning] ?? warning}
        </Notice>
      ))}
      <Facts
        of={[
          ['State', <AccountStatus key="state" account={account} />],
          ['Service', account.connection],
          ['Connected', <Time key="connected" at={account.created_at} />],
          ['Last used', <Time key="used" at={account.last_used_at} />],
          ['Permissions', <Scopes key="scopes" of={account.scopes} />],
          ['Not granted', account.missing_scopes ? <Scopes key="missing" of={account.missing_scopes} /> : undefined],
        ]}
      />
      <Applications account={account} />
      {open === 'rename' && <RenameDialog account={account} onClose={close} />}
      {open === 'disconnect' && (
        <Confirm
          title={`Disconnect ${nameOf(account)}?`}
          confirm="Disconnect"
          danger
          onConfirm={async () => {
            await disconnect.mutateAsync();
            await navigate('/account');
          }}
          onClose={close}
        >
          <p>
            What is stored to use this account is erased at once, and no application gets access any more. What an
            application has got already runs out by itself, usually within an hour.
          </p>
          <p>Your account at the service stays as it is. You can connect it again at any time.</p>
        </Confirm>
      )}
    </Page>
  );
}
