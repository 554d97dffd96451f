import { Empty, Loaded, Mono, More, Scopes, Section, Table, Time } from '../../ui/index.js';
import { Asked } from '../parts/asked.js';
import { type ConnectedAccount, useAccountsOf, useDisconnect } from './people.queries.js';

export function AccountsOf({ id }: { id: string }) {
  const accounts = useAccountsOf(id);
  const disconnect = useDisconnect(id);
  return (
    <Section title="Connected accounts">
      <Loaded query={accounts} what="Connected accounts">
        {(rows) => (
          <Table<ConnectedAccount>
            caption="Accounts that are connected"
            rows={rows}
            keyOf={({ id: account }) => account}
            empty={<Empty title="No account is connected" />}
            columns={[
              { head: 'Connection', cell: ({ connection }) => connection },
              // What tells two at one connection apart, and what the log names them by; how they are called is the person's.
              { head: 'Account', cell: ({ id: account }) => <Mono>{account}</Mono> },
              { head: 'Scopes', kind: 'wide', cell: ({ scopes }) => <Scopes of={scopes} /> },
              { head: 'Since', cell: ({ created_at }) => <Time at={created_at} /> },
              {
                head: 'Actions',
                kind: 'actions',
                cell: ({ id: account, connection }) => (
                  <Asked
                    danger
                    deed="Disconnect"
                    title={`Disconnect the account at ${connection}?`}
                    onConfirm={() => disconnect.mutateAsync(account)}
                  >
                    <p>
                      It is <Mono>{account}</Mono>.
                    </p>
                    <p>Its tokens are erased here. Apps get none until the person connects it again.</p>
                  </Asked>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <More query={accounts} />
    </Section>
  );
}
