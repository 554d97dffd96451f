import { Empty, Loaded, Section, Status, Table, Time } from '../../ui/index.js';
import { type Tokenset, useTokensetsOf } from './people.queries.js';

/** How the kept tokens do; the tokens themselves are answered to nobody here. */
export function TokensOf({ id }: { id: string }) {
  const tokensets = useTokensetsOf(id);
  return (
    <Section title="Kept tokens">
      <Loaded query={tokensets} what="Kept tokens">
        {(rows) => (
          <Table<Tokenset>
            caption="How the kept tokens do"
            rows={rows}
            keyOf={({ id: tokenset }) => tokenset}
            empty={<Empty title="Nothing is kept" />}
            columns={[
              { head: 'Connection', cell: ({ connection }) => connection },
              { head: 'Status', cell: (one) => <StatusOf tokenset={one} /> },
              { head: 'Issued', cell: ({ issued_at }) => <Time at={issued_at} /> },
              { head: 'Access token ends', cell: ({ expires_at }) => <Time at={expires_at} /> },
              { head: 'Last used', cell: ({ last_used_at }) => <Time at={last_used_at} /> },
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}

const StatusOf = ({ tokenset: { status, reason } }: { tokenset: Tokenset }) => (
  <Status tone={status === 'active' ? 'good' : 'warn'}>
    {[status, reason].filter(Boolean).join(': ').replaceAll('_', ' ')}
  </Status>
);
