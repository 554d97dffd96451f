import { Empty, Loaded, Mono, More, Scopes, Section, Table } from '../../ui/index.js';
import { AllowApi, ChangeGrant, TakeAway } from './change-grants.js';
import { type ClientGrant, useClientGrants } from './grants.queries.js';

/** What the application may ask tokens for, for itself and for people. */
export function GrantedApis({ clientId }: { clientId: string }) {
  const grants = useClientGrants(clientId);
  return (
    <Section title="APIs" actions={<AllowApi clientId={clientId} />}>
      <Loaded query={grants} what="What it may call">
        {(rows) => (
          <Table<ClientGrant>
            caption="APIs that it may call"
            rows={rows}
            keyOf={({ id }) => id}
            empty={<Empty title="No API has been granted to it" />}
            columns={[
              { head: 'API', cell: ({ audience }) => <Mono>{audience}</Mono> },
              { head: 'For', cell: ({ subject_type }) => (subject_type === 'user' ? 'people' : 'itself') },
              {
                head: 'Scopes',
                kind: 'wide',
                cell: ({ scope, allow_all_scopes }) => (allow_all_scopes ? 'all' : <Scopes of={scope} />),
              },
              {
                head: 'Change',
                kind: 'actions',
                cell: (grant) => (
                  <>
                    {!grant.allow_all_scopes && <ChangeGrant {...{ clientId, grant }} />}{' '}
                    <TakeAway {...{ clientId, grant }} />
                  </>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <More query={grants} />
    </Section>
  );
}
