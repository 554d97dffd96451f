import { type ReactNode, useState } from 'react';
import { Button, Dialog, Form, Loaded, SelectField, TextField } from '../../ui/index.js';
import { Asked } from '../parts/asked.js';
import { textOf, wordsOf } from '../parts/words.js';
import { type ClientGrant, useAllow, useApis, useChangeGrant, useTakeAway } from './grants.queries.js';

interface OneGrant {
  clientId: string;
  grant: ClientGrant;
}

export function AllowApi({ clientId }: { clientId: string }) {
  const allow = useAllow(clientId);
  const apis = useApis();
  return (
    <Asking
      deed="Allow an API"
      title="Allow an API"
      onSubmit={(values) =>
        allow.mutateAsync({
          audience: textOf(values.get('audience')),
          subject_type: values.get('subject_type') === 'user' ? 'user' : 'client',
          scope: wordsOf(values.get('scope')),
        })
      }
    >
      <Loaded query={apis} what="APIs">
        {(rows) => (
          <SelectField
            label="API"
            name="audience"
            options={rows.map(({ identifier, name }) => ({
              value: identifier,
              label: name ? `${name} (${identifier})` : identifier,
            }))}
          />
        )}
      </Loaded>
      <SelectField
        label="For"
        name="subject_type"
        options={[
          { value: 'user', label: 'people who sign in through it' },
          { value: 'client', label: 'itself' },
        ]}
      />
      <ScopesField />
    </Asking>
  );
}

export function ChangeGrant({ clientId, grant: { id, audience, scope } }: OneGrant) {
  const change = useChangeGrant(clientId, id);
  return (
    <Asking
      deed="Change"
      title={`Scopes at ${audience}`}
      onSubmit={(values) => change.mutateAsync(wordsOf(values.get('scope')))}
    >
      <ScopesField scope={scope} />
    </Asking>
  );
}

export function TakeAway({ clientId, grant: { id, audience } }: OneGrant) {
  const takeAway = useTakeAway(clientId, id);
  return (
    <Asked danger deed="Take away" title={`Take ${audience} away?`} onConfirm={() => takeAway.mutateAsync()}>
      <p>It gets no more tokens for this API. Those that it has are good until they end.</p>
    </Asked>
  );
}

const ScopesField = ({ scope = [] }: { scope?: string[] }) => (
  <TextField label="Scopes" name="scope" lines={5} hint="One in a line." defaultValue={scope.join('\n')} />
);

interface AskingProps {
  /** On the button. */
  deed: string;
  title: string;
  onSubmit: (values: FormData) => Promise<unknown>;
  /** Fields. */
  children: ReactNode;
}

/** A button whose form comes up over the page, and goes when what it asks for is done. */
function Asking({ deed, title, onSubmit, children }: AskingProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>{deed}</Button>
      {open && (
        <Dialog title={title} onClose={() => setOpen(false)}>
          <Form
            submit="Save"
            onCancel={() => setOpen(false)}
            onSubmit={async (values) => {
              await onSubmit(values);
              setOpen(false);
            }}
          >
            {children}
          </Form>
        </Dialog>
      )}
    </>
  );
}
