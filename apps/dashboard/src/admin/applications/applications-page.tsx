import { Link } from 'react-router';
import { ButtonLink, Empty, Loaded, Mono, Page, Status, Table } from '../../ui/index.js';
import { type Application, useApplications } from './applications.queries.js';
import { kindOf, VAULT_GRANT } from './kinds.js';

export function ApplicationsPage() {
  const applications = useApplications();
  return (
    <Page
      title="Applications"
      lead="Apps, agents and APIs that sign people in or exchange tokens here."
      actions={
        <ButtonLink to="/dashboard/applications/new" kind="main">
          New application
        </ButtonLink>
      }
    >
      <Loaded query={applications} what="Applications">
        {(rows) => (
          <Table<Application>
            caption="Applications"
            rows={rows}
            keyOf={({ client_id }) => client_id}
            empty={<Empty title="There is no application yet">Make one to exchange tokens with.</Empty>}
            columns={[
              {
                head: 'Name',
                cell: ({ client_id, name }) => (
                  <Link to={`/dashboard/applications/${encodeURIComponent(client_id)}`}>{name}</Link>
                ),
              },
              { head: 'Kind', cell: kindOf },
              { head: 'Client ID', cell: ({ client_id }) => <Mono>{client_id}</Mono> },
              {
                head: 'Exchanges',
                cell: ({ grant_types, vault_policy }) =>
                  grant_types.includes(VAULT_GRANT) ? (
                    <Status tone="good">{vault_policy ? 'within a policy' : 'yes'}</Status>
                  ) : (
                    <Status>no</Status>
                  ),
              },
            ]}
          />
        )}
      </Loaded>
    </Page>
  );
}
