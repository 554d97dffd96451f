import { useState } from 'react';
import { useNavigate } from 'react-router';
import { ButtonLink, Copyable, Form, Page, SelectField, TextField } from '../../ui/index.js';
import { SecretOnce } from '../parts/secret-once.js';
import { useCreateApplication, type WithSecret } from './applications.queries.js';
import { KindFields } from './kind-fields.js';
import { type Kind, KINDS } from './kinds.js';
import { newApplication } from './new-application.js';

export function NewApplicationPage() {
  const [kind, setKind] = useState<Kind>('web');
  const [made, setMade] = useState<WithSecret | null>(null);
  const create = useCreateApplication();
  const navigate = useNavigate();
  if (made) return <Made application={made} />;
  return (
    <Page title="New application">
      <Form
        submit="Create the application"
        onCancel={() => void navigate('/dashboard/applications')}
        onSubmit={async (values) => {
          const application = await create.mutateAsync(newApplication(kind, values, `${location.origin}/me/`));
          if (application.client_secret === undefined)
            await navigate(`/dashboard/applications/${encodeURIComponent(application.client_id)}`);
          else setMade(application);
        }}
      >
        <SelectField
          label="Kind"
          name="kind"
          defaultValue={kind}
          options={KINDS.map(({ kind: value, label }) => ({ value, label }))}
          hint={KINDS.find((one) => one.kind === kind)?.hint}
          onChange={(value) => setKind(value as Kind)}
        />
        <TextField label="Name" name="name" required maxLength={255} hint="People read it when they are asked." />
        <KindFields of={kind} />
      </Form>
    </Page>
  );
}

const Made = ({ application: { client_id, client_secret = '' } }: { application: WithSecret }) => (
  <Page title="The application is made">
    <SecretOnce secret={client_secret} />
    <p>Client ID:</p>
    <Copyable text={client_id} label="client id" />
    <p>
      <ButtonLink to={`/dashboard/applications/${encodeURIComponent(client_id)}`}>Go to the application</ButtonLink>
    </p>
  </Page>
);
