import { Loaded, Mono, Section, Status, Table, Time } from '../../ui/index.js';
import { Asked } from '../parts/asked.js';
import { type EncryptionKey, type Ring, useEncryptionKeys, useRekey } from './keys.queries.js';

export function EncryptionKeys({ ring, title }: { ring: Ring; title: string }) {
  const keys = useEncryptionKeys(ring);
  const rekey = useRekey(ring);
  return (
    <Section
      title={title}
      actions={
        <Asked deed="Make a new key" title={`${title}: a new one?`} onConfirm={() => rekey.mutateAsync()}>
          <p>New values are sealed under it at once, and what is there moves on by itself, while requests run.</p>
        </Asked>
      }
    >
      <Loaded query={keys} what={title}>
        {(rows) => (
          <Table<EncryptionKey>
            caption={`${title}, each`}
            rows={rows}
            keyOf={({ kid }) => kid}
            empty={null}
            columns={[
              { head: 'Key', cell: ({ kid }) => <Mono>{kid}</Mono> },
              {
                head: 'State',
                cell: ({ state }) => (
                  <Status tone={state === 'primary' ? 'good' : 'info'}>{state.replaceAll('_', ' ')}</Status>
                ),
              },
              { head: 'Made', cell: ({ created_at }) => <Time at={created_at} /> },
              { head: 'Sealed under it', cell: ({ sealed }) => sealed },
              {
                head: 'Still to move',
                cell: ({ state, remaining, progress }) =>
                  state === 'retiring' && `${remaining} (${Math.floor(progress * 100)} % done)`,
              },
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}
