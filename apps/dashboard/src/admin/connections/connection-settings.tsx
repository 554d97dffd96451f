import { useState } from 'react';
import { CheckField, Form, Section, TextField } from '../../ui/index.js';
import { OutcomeNotice } from '../parts/outcome-notice.js';
import type { Outcome } from '../save.js';
import { changedConnection, scopesOf } from './changed-connection.js';
import { type Connection, useChangeConnection } from './connections.queries.js';

export function ConnectionSettings({ connection }: { connection: Connection }) {
  const change = useChangeConnection(connection);
  const [attempts, setAttempts] = useState(0);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const { options } = connection;
  const { enabled_clients: _elsewhere, ...shown } = connection;
  return (
    <Section title="Settings">
      {/* Anew after each attempt, so that fields show what is kept and no secret stays in one. */}
      <Form
        key={`${attempts} ${JSON.stringify(shown)}`}
        submit="Save the settings"
        onSubmit={async (values) => {
          setOutcome(await change.mutateAsync(changedConnection(connection, values)));
          setAttempts(attempts + 1);
        }}
      >
        <TextField
          label="Shown to people as"
          name="display_name"
          maxLength={128}
          defaultValue={connection.display_name ?? ''}
        />
        <CheckField
          label="People can connect accounts, and apps exchange tokens"
          name="vault"
          defaultChecked={connection.connected_accounts.active}
          hint="Off: what is connected is kept, and exchanges are refused within seconds."
        />
        <TextField
          label="Scopes"
          name="scope"
          lines={4}
          defaultValue={scopesOf(options['scope']).join('\n')}
          hint="Asked for unless a request names its own, one in a line."
        />
        <TextField
          label="Scopes that may be asked for at most"
          name="allowed_scopes"
          lines={3}
          defaultValue={scopesOf(options['allowed_scopes']).join('\n')}
          hint="Empty: as many as a request names."
        />
        <CheckField
          label="Revoke at the provider when an account is disconnected"
          name="revoke_on_delete"
          defaultChecked={options['revoke_on_delete'] === true}
        />
        <CheckField
          label="Take accounts of which the provider names no id"
          name="missing_user_id"
          defaultChecked={connection.connected_accounts.allow_missing_user_id === true}
          hint="A person can connect one such account."
        />
        <TextField label="Client ID" name="client_id" required defaultValue={clientIdOf(options)} />
        <TextField
          label="New client secret"
          name="client_secret"
          type="password"
          maxLength={4096}
          hint="Leave it empty to keep the present one, which is never shown."
        />
      </Form>
      <OutcomeNotice key={attempts} of={outcome} saved="The settings are saved." />
    </Section>
  );
}

const clientIdOf = ({ client_id: id }: Connection['options']): string => (typeof id === 'string' ? id : '');
