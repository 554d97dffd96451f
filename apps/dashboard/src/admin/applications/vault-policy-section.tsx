import { useState } from 'react';
import { CheckField, Form, Loaded, Section, TextField } from '../../ui/index.js';
import { hasProvider, useConnections } from '../connections/connections.queries.js';
import { Asked } from '../parts/asked.js';
import { OutcomeNotice } from '../parts/outcome-notice.js';
import type { Outcome } from '../save.js';
import { type Application, useChangeApplication, type VaultPolicy } from './applications.queries.js';
import { localTime, policyOf } from './policy.js';

/** A ceiling for this client. What is not bounded here is bounded by nothing but its connections. */
export function VaultPolicySection({ application }: { application: Application }) {
  const { name, vault_policy } = application;
  const change = useChangeApplication(application);
  const connections = useConnections();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const save = async (policy: VaultPolicy | null) => {
    setOutcome(null);
    setOutcome(await change.mutateAsync({ vault_policy: policy }));
  };
  return (
    <Section
      title="Policy"
      actions={
        vault_policy && (
          <Asked deed="Take the policy away" title={`${name} without a policy?`} onConfirm={() => save(null)}>
            <p>It may exchange whatever its connections and the people allow, as often as it likes.</p>
          </Asked>
        )
      }
    >
      <p>
        {vault_policy
          ? 'Exchanges beyond it are refused, from the change on.'
          : 'It has none: it may exchange whatever its connections and the people allow.'}
      </p>
      {/* Not before all that can be ticked is there: what is not would be saved as not allowed. */}
      <Loaded query={connections} what="Connections">
        {(rows) => (
          <Form
            key={JSON.stringify(vault_policy)}
            submit="Save the policy"
            onSubmit={(values) => save(policyOf(values))}
          >
            <fieldset>
              <legend>Connections</legend>
              <CheckField
                label="Only the connections that are ticked below"
                name="bound_connections"
                defaultChecked={vault_policy?.connections !== undefined}
              />
              {names(rows.filter(hasProvider), vault_policy?.connections).map((one) => (
                <CheckField
                  key={one}
                  label={one}
                  name="connection"
                  value={one}
                  defaultChecked={vault_policy?.connections?.includes(one) ?? false}
                />
              ))}
            </fieldset>
            <CheckField
              label="Only the scopes that are listed below"
              name="bound_scopes"
              defaultChecked={vault_policy?.scopes !== undefined}
            />
            <TextField
              label="Scopes"
              name="scopes"
              lines={4}
              defaultValue={(vault_policy?.scopes ?? []).join('\n')}
              hint="One in a line, as the provider spells them; with those that connecting always asks for, such as openid."
            />
            <TextField
              label="Exchanges a minute"
              name="exchanges_per_minute"
              type="number"
              defaultValue={vault_policy?.exchanges_per_minute?.toString() ?? ''}
              hint="Empty: as many as it likes."
            />
            <TextField
              label="Until"
              name="expires_at"
              type="datetime-local"
              defaultValue={localTime(vault_policy?.expires_at)}
              hint="In the time of this machine. Empty: without end. A time that is over stops it at once."
            />
          </Form>
        )}
      </Loaded>
      <OutcomeNotice of={outcome} saved="The change counts from now on." />
    </Section>
  );
}

/** Of all connections, and of those that only the policy still names. */
const names = (rows: readonly { name: string }[], listed: readonly string[] = []): string[] => [
  ...new Set([...rows.map(({ name }) => name), ...listed]),
];
