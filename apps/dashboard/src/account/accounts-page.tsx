import { Link } from 'react-router';
import { ButtonLink, Empty, Loaded, Notice, Page, Section, Time } from '../ui/index.js';
import { AccountStatus } from './account-status.js';
import { type Account, nameOf, type Revocation, useAccounts, useRevocations } from './accounts.queries.js';

export function AccountsPage({ isStray }: { isStray: boolean }) {
  const accounts = useAccounts();
  return (
    <Page
      title="Your accounts"
      lead="Accounts elsewhere that you have connected, so that applications can use them for you."
      actions={
        <ButtonLink to="/account/connect" kind="main">
          Connect an account
        </ButtonLink>
      }
    >
      {isStray && (
        <Notice tone="warn">A sign-in came back that was not begun in this window. It was ignored; begin again.</Notice>
      )}
      <Loaded query={accounts} what="Your accounts">
        {(all) =>
          all.length === 0 ? (
            <Empty title="You have not connected any account yet">
              <p>Connect one here, or from an application that asks for it.</p>
            </Empty>
          ) : (
            <ul className="cards">
              {all.map((account) => (
                <AccountCard key={account.id} account={account} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <DisconnectedLately />
    </Page>
  );
}

function AccountCard({ account }: { account: Account }) {
  return (
    <li className="card">
      <div className="section-head">
        <h2>
          <Link to={`/account/accounts/${account.id}`}>{nameOf(account)}</Link>
        </h2>
        <AccountStatus account={account} />
      </div>
      <p>
        {account.connection}, connected <Time at={account.created_at} />, last used <Time at={account.last_used_at} />
      </p>
    </li>
  );
}

const OUTCOMES: Readonly<Record<Revocation['outcome'], string>> = {
  pending: 'is being told',
  revoked: 'has ended the access too',
  already_gone: 'had ended the access already',
  unsupported: 'cannot be told by us',
  failed: 'could not be told',
};

/** Only where a provider is told at all; nothing is shown for most. */
function DisconnectedLately() {
  const { data } = useRevocations();
  if (!data || data.revocations.length === 0) return null;
  return (
    <Section title="Disconnected in the last 30 days">
      <ul>
        {data.revocations.map(({ id, connection, outcome, disconnected_at: at, manage_url: url }) => (
          <li key={id}>
            {connection}, <Time at={at} />: the provider {OUTCOMES[outcome]}.{' '}
            {url && (
              <a href={url} rel="noreferrer">
                Look there
              </a>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}
