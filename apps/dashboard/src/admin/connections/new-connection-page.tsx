import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { Copyable, Form, Mono, Page, TextField } from '../../ui/index.js';
import { NowherePage } from '../nowhere-page.js';
import { entryOf } from './catalogue.js';
import { useCreateConnection } from './connections.queries.js';
import { newConnection } from './new-connection.js';
import { DescribedFields, type Described } from './described-fields.js';
import { PermissionPicker } from './permission-picker.js';

const DESCRIBED: ReadonlyMap<string, string> = new Map([
  ['oidc', 'an OpenID Connect provider'],
  ['oauth2', 'an OAuth 2.0 provider'],
  ['own', 'a provider of your own catalogue file'],
]);

export function NewConnectionPage() {
  const provider = useParams()['provider'] ?? '';
  const entry = entryOf(provider);
  const described = DESCRIBED.get(provider);
  const [name, setName] = useState(entry?.id ?? '');
  const navigate = useNavigate();
  const create = useCreateConnection();
  if (!entry && described === undefined) return <NowherePage />;
  return (
    <Page title={`New connection to ${entry?.name ?? described}`}>
      <Form
        submit="Create the connection"
        onCancel={() => void navigate('/dashboard/connections/new')}
        onSubmit={async (values) => {
          const { id } = await create.mutateAsync(newConnection(provider, values));
          await navigate(`/dashboard/connections/${encodeURIComponent(id)}`);
        }}
      >
        {/* The name is a part of the address to register, which one wants to see while typing. */}
        <div
          onInput={({ target }) => {
            if (target instanceof HTMLInputElement && target.name === 'name') setName(target.value.trim());
          }}
        >
          <TextField
            label="Name"
            name="name"
            required
            maxLength={128}
            defaultValue={entry?.id ?? ''}
            hint="Letters, digits and single hyphens. Apps name the connection by it; it cannot be changed."
          />
        </div>
        <TextField label="Shown to people as" name="display_name" maxLength={128} defaultValue={entry?.name ?? ''} />
        {described !== undefined && <DescribedFields of={provider as Described} />}
        <h2>At the provider</h2>
        <p>
          {entry?.registerUrl ? (
            <>
              Register an OAuth application at{' '}
              <a href={entry.registerUrl} target="_blank" rel="noreferrer">
                {entry.name}
              </a>
              ,
            </>
          ) : (
            `Register an OAuth application at ${entry?.name ?? 'the provider'},`
          )}{' '}
          with this redirect URI, letter by letter:
        </p>
        <p>
          {name === '' ? (
            <Mono>appears when the connection has a name</Mono>
          ) : (
            <Copyable text={`${location.origin}/connect/callback/${name}`} label="redirect URI" />
          )}
        </p>
        <TextField label="Client ID" name="client_id" required maxLength={512} />
        <TextField
          label="Client secret"
          name="client_secret"
          type="password"
          maxLength={4096}
          hint="As the provider shows it. The vault seals it and never shows it again."
        />
        {entry?.settings.map(({ option, required, usual }) => (
          <TextField
            key={option}
            label={option}
            name={`setting:${option}`}
            required={required}
            defaultValue={usual ?? ''}
            hint={`Which ${option.replaceAll('_', ' ')} at ${entry.name} this connection is for.`}
          />
        ))}
        <PermissionPicker
          permissions={entry?.permissions ?? []}
          setAtProvider={entry?.permissionsAtProvider === true ? entry.name : null}
        />
      </Form>
    </Page>
  );
}
