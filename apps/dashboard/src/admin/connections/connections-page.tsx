import { Link } from 'react-router';
import { ButtonLink, Empty, Loaded, Page, Status, Table } from '../../ui/index.js';
import { type Connection, hasProvider, useConnections } from './connections.queries.js';

const to = (id: string): string => `/dashboard/connections/${encodeURIComponent(id)}`;

export function ConnectionsPage() {
  const connections = useConnections();
  return (
    <Page
      title="Connections"
      lead="A connection is a provider as you registered with it; people connect their accounts through it."
      actions={
        <ButtonLink to="/dashboard/connections/new" kind="main">
          New connection
        </ButtonLink>
      }
    >
      <Loaded query={connections} what="Connections">
        {(rows) => (
          <Table<Connection>
            caption="Connections"
            rows={rows}
            keyOf={({ id }) => id}
            empty={<Empty title="There is no connection yet">Make one for a provider whose API your apps call.</Empty>}
            columns={[
              { head: 'Name', cell: ({ id, name }) => <Link to={to(id)}>{name}</Link> },
              { head: 'Shown as', cell: ({ display_name, name }) => display_name ?? name },
              {
                head: 'Provider',
                cell: (one) =>
                  hasProvider(one) ? (one.provider?.name ?? one.strategy) : 'none: passwords are kept here',
              },
              {
                head: 'Connected accounts',
                cell: (one) => (isVault(one) ? <Status tone="good">on</Status> : <Status>off</Status>),
              },
            ]}
          />
        )}
      </Loaded>
    </Page>
  );
}

/** Either of its two switches; the older one stands in the options. */
const isVault = ({ connected_accounts, options }: Connection): boolean =>
  connected_accounts.active ||
  (options['federated_connections_access_tokens'] as { active?: boolean } | null | undefined)?.active === true;
