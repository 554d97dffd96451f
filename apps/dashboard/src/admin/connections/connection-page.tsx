import { useNavigate, useParams } from 'react-router';
import { Copyable, Facts, Loaded, Mono, Notice, Page, Section } from '../../ui/index.js';
import { Asked } from '../parts/asked.js';
import { ConnectionSettings } from './connection-settings.js';
import { type Connection, useConnection, useDeleteConnection } from './connections.queries.js';
import { EnabledApplications } from './enabled-applications.js';
import { VerifyConnection } from './verify-connection.js';

export function ConnectionPage() {
  const connection = useConnection(useParams()['id'] ?? '');
  return (
    <Page title={connection.data?.display_name ?? connection.data?.name ?? 'Connection'}>
      <Loaded query={connection} what="The connection">
        {(one) => <Whole connection={one} />}
      </Loaded>
    </Page>
  );
}

function Whole({ connection }: { connection: Connection }) {
  const { id, name, strategy, provider, warnings = [], provider_redirect_uris: addresses } = connection;
  const facts = (
    <Facts
      of={[
        ['Name', <Mono key="name">{name}</Mono>],
        ['Provider', provider?.name ?? strategy],
        ['Id', <Mono key="id">{id}</Mono>],
      ]}
    />
  );
  if (!addresses)
    return (
      <>
        {facts}
        <p>This is where people of this vault keep their passwords. It has no provider, and nothing to set here.</p>
      </>
    );
  return (
    <>
      {warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          {warning}
        </Notice>
      ))}
      {facts}
      <Section title="Register at the provider">
        <p>
          The application that you registered
          {provider?.register_url ? (
            <>
              {' at '}
              <a href={provider.register_url} target="_blank" rel="noreferrer">
                {provider.name}
              </a>
            </>
          ) : (
            ''
          )}{' '}
          must list these redirect URIs, letter by letter: the first for connecting accounts, the second for signing in.
        </p>
        {addresses.map((address, i) => (
          <p key={address}>
            <Copyable text={address} label={i === 0 ? 'redirect URI for connecting' : 'redirect URI for signing in'} />
          </p>
        ))}
      </Section>
      <VerifyConnection id={id} />
      <EnabledApplications connection={connection} />
      <ConnectionSettings connection={connection} />
      <Deletion connection={connection} />
    </>
  );
}

function Deletion({ connection: { id, name } }: { connection: Connection }) {
  const navigate = useNavigate();
  const remove = useDeleteConnection(id);
  return (
    <Section title="Delete">
      <Asked
        danger
        deed="Delete the connection"
        title={`Delete ${name}?`}
        onConfirm={async () => {
          await remove.mutateAsync();
          await navigate('/dashboard/connections');
        }}
      >
        <p>
          Every account that is connected through it is disconnected, and its tokens are erased. To stop it for a while,
          switch connected accounts off instead.
        </p>
      </Asked>
    </Section>
  );
}
