import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button, Confirm, Empty, Loaded, More, Page, Status, Table, Time } from '../ui/index.js';
import { endOtherSessions, endSession, type Session, useSessions } from './sessions.queries.js';

/** Where the person is signed in. */
export function SessionsPage() {
  const sessions = useSessions();
  const [ending, setEnding] = useState<Session | 'others' | null>(null);
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: (which: Session | 'others') => (which === 'others' ? endOtherSessions() : endSession(which)),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['sessions'] }),
  });
  return (
    <Page
      title="Sessions"
      lead="Browsers in which you are signed in here."
      actions={
        <Button kind="danger" onClick={() => setEnding('others')}>
          End all others
        </Button>
      }
    >
      <Loaded query={sessions} what="Sessions">
        {({ pages }) => <SessionTable sessions={pages.flatMap((page) => page.sessions)} onEnd={setEnding} />}
      </Loaded>
      <More query={sessions} />
      {ending && (
        <Confirm
          title={ending === 'others' ? 'End all other sessions?' : 'End this session?'}
          confirm={ending === 'others' ? 'End all others' : 'End session'}
          danger
          onConfirm={() => end.mutateAsync(ending)}
          onClose={() => setEnding(null)}
        >
          <p>
            Whoever uses that browser has to sign in again, and applications that were signed in there get nothing more
            for you. Your connected accounts stay.
          </p>
        </Confirm>
      )}
    </Page>
  );
}

const SessionTable = ({ sessions, onEnd }: { sessions: readonly Session[]; onEnd: (session: Session) => void }) => (
  <Table
    caption="Sessions"
    rows={sessions}
    keyOf={({ id }) => id}
    empty={<Empty title="There are no sessions" />}
    columns={[
      {
        head: 'Browser',
        kind: 'wide',
        cell: ({ device, current }) => (
          <>
            {device.last_user_agent ?? 'unknown'} {current && <Status tone="good">This one</Status>}
          </>
        ),
      },
      { head: 'Address', cell: ({ device }) => device.last_ip ?? '–' },
      { head: 'Signed in', cell: ({ authenticated_at: at }) => <Time at={at} /> },
      { head: 'Last seen', cell: ({ last_interacted_at: at }) => <Time at={at} /> },
      {
        head: 'End',
        kind: 'actions',
        cell: (session) => !session.current && <Button onClick={() => onEnd(session)}>End</Button>,
      },
    ]}
  />
);
