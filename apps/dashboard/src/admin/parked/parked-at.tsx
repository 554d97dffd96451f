import { Button, Empty, Loaded, Mono, More, Notice, Problem, Section, Table, Time } from '../../ui/index.js';
import { DropEvent } from './drop-event.js';
import { type Context, type ParkedEvent, useParked, useReplay } from './parked.queries.js';

export function ParkedAt({ context }: { context: Context }) {
  const parked = useParked(context);
  const replay = useReplay(context);
  return (
    <Section title={context}>
      {replay.error && <Problem error={replay.error} />}
      {replay.data && (
        <Notice tone={replay.data.parked === 0 ? 'good' : 'warn'}>
          {replay.data.replayed} replayed, {replay.data.parked} of the key still parked.
        </Notice>
      )}
      <Loaded query={parked} what={`What is parked at ${context}`}>
        {(rows) => (
          <Table<ParkedEvent>
            caption={`Parked at ${context}`}
            rows={rows}
            keyOf={({ id }) => id}
            empty={<Empty title="Nothing is parked" />}
            columns={[
              { head: 'Event', cell: ({ type, topic }) => type ?? topic },
              { head: 'Key', cell: ({ key }) => (key === null ? '' : <Mono>{key}</Mono>) },
              { head: 'Failed with', kind: 'wide', cell: ({ error_class, tries }) => `${error_class}, ${tries} times` },
              { head: 'Since', cell: ({ parked_at }) => <Time at={parked_at} /> },
              {
                head: 'Actions',
                kind: 'actions',
                cell: (event) => (
                  <>
                    <Button busy={replay.isPending} onClick={() => replay.mutate(event.id)}>
                      Replay
                    </Button>
                    <DropEvent context={context} event={event} />
                  </>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <More query={parked} />
    </Section>
  );
}
