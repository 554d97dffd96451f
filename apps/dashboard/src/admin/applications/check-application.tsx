import { Empty, Form, Loaded, Section, SelectField } from '../../ui/index.js';
import { hasProvider, useConnections } from '../connections/connections.queries.js';
import { Checks } from '../parts/checks.js';
import { textOf } from '../parts/words.js';
import { type Checked, useCheck } from './applications.queries.js';

/** What this application lacks to exchange tokens of a connection. */
export function CheckApplication({ clientId }: { clientId: string }) {
  const connections = useConnections();
  const check = useCheck(clientId);
  return (
    <Section title="Check">
      <Loaded query={connections} what="Connections">
        {(all) => {
          const rows = all.filter(hasProvider);
          return rows.length === 0 ? (
            <Empty title="There is no connection to check with" />
          ) : (
            <Form submit="Check" onSubmit={(values) => check.mutateAsync(textOf(values.get('connection')))}>
              <SelectField
                label="Connection"
                name="connection"
                options={rows.map(({ name, display_name }) => ({
                  value: name,
                  label: display_name === undefined ? name : `${display_name} (${name})`,
                }))}
                hint="Goes through every setting that connecting and exchanging need. It changes nothing."
              />
            </Form>
          );
        }}
      </Loaded>
      {check.data && (
        <Checks
          title={`Check with ${check.variables}`}
          checks={check.data.checks}
          found={({ setting, found, expected, ok }) =>
            ok ? setting : `${setting} is ${said(found)}; expected: ${expected}`
          }
        />
      )}
    </Section>
  );
}

function said(found: Checked['checks'][number]['found']): string {
  if (found === null) return 'not set';
  if (Array.isArray(found)) return found.length > 0 ? found.join(', ') : 'an empty list';
  return String(found);
}
