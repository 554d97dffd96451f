import { Loaded, Mono, Section, Status, Table, Time } from '../../ui/index.js';
import { Asked } from '../parts/asked.js';
import { type SigningKey, useRevokeSigningKey, useRotateSigningKey, useSigningKeys } from './keys.queries.js';

export function SigningKeys() {
  const keys = useSigningKeys();
  const rotate = useRotateSigningKey();
  return (
    <Section
      title="Signing keys"
      actions={
        <Asked deed="Rotate" title="Rotate the signing keys?" onConfirm={() => rotate.mutateAsync()}>
          <p>The next key signs from now on. What the present one signed stays good until it ends.</p>
        </Asked>
      }
    >
      <Loaded query={keys} what="Signing keys">
        {(rows) => (
          <Table<SigningKey>
            caption="The signing keys and their places"
            rows={rows}
            keyOf={({ kid }) => kid}
            empty={null}
            columns={[
              { head: 'Key', cell: ({ kid }) => <Mono>{kid}</Mono> },
              { head: 'Place', cell: (key) => <Status tone={key.current ? 'good' : 'info'}>{placeOf(key)}</Status> },
              { head: 'Signs since', cell: ({ current_since }) => current_since && <Time at={current_since} /> },
              {
                head: 'Actions',
                kind: 'actions',
                cell: (key) => key.previous && !key.revoked && <Revocation of={key} />,
              },
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}

const placeOf = ({ current, next, revoked }: SigningKey): string =>
  revoked ? 'revoked' : current ? 'current' : next ? 'next' : 'previous';

function Revocation({ of: { kid } }: { of: SigningKey }) {
  const revoke = useRevokeSigningKey();
  return (
    <Asked danger deed="Revoke" title={`Revoke the key ${kid}?`} onConfirm={() => revoke.mutateAsync(kid)}>
      <p>Everything that it signed is refused at once, and its private half is erased. This cannot be undone.</p>
    </Asked>
  );
}
