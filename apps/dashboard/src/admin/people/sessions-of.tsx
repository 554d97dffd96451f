import { Empty, Loaded, More, Section, Table, Time } from '../../ui/index.js';
import { Asked } from '../parts/asked.js';
import { type Session, useRevokeSession, useSessionsOf } from './people.queries.js';

export function SessionsOf({ id }: { id: string }) {
  const sessions = useSessionsOf(id);
  const revoke = useRevokeSession(id);
  return (
    <Section title="Sessions">
      <Loaded query={sessions} what="Sessions">
        {(rows) => (
          <Table<Session>
            caption="Where the person is signed in"
            rows={rows}
            keyOf={({ id: session }) => session}
            empty={<Empty title="Signed in nowhere" />}
            columns={[
              { head: 'Browser', kind: 'wide', cell: ({ device }) => device.last_user_agent ?? 'unknown' },
              { head: 'Address', cell: ({ device }) => device.last_ip ?? 'unknown' },
              { head: 'Signed in', cell: ({ authenticated_at }) => <Time at={authenticated_at} /> },
              { head: 'Last seen', cell: ({ last_interacted_at }) => <Time at={last_interacted_at} /> },
              {
                head: 'Actions',
                kind: 'actions',
                cell: ({ id: session }) => (
                  <Asked
                    danger
                    deed="End the session"
                    title="End this session?"
                    onConfirm={() => revoke.mutateAsync(session)}
                  >
                    <p>The person is signed out there, and refresh tokens that it brought end as well.</p>
                  </Asked>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <More query={sessions} />
    </Section>
  );
}
