import { useState } from 'react';
import { Link } from 'react-router';
import { Loaded, Problem, Section } from '../../ui/index.js';
import { type Application, useApplications } from '../applications/applications.queries.js';
import { isDashboard, usesConnections } from '../applications/kinds.js';
import { type Connection, useEnableClient } from './connections.queries.js';

/** Which applications may use the connection; each tick counts at once. */
export function EnabledApplications({ connection }: { connection: Connection }) {
  const applications = useApplications();
  return (
    <Section title="Applications">
      <p>
        Those that are ticked may use the connection, from the tick on.{' '}
        <Link to="/dashboard/applications/new">Make another</Link>
      </p>
      <Loaded query={applications} what="Applications">
        {(rows) =>
          rows
            .filter((row) => usesConnections(row) || connection.enabled_clients.includes(row.client_id))
            .map((row) => <Tick key={row.client_id} application={row} connection={connection} />)
        }
      </Loaded>
    </Section>
  );
}

interface TickProps {
  application: Application;
  connection: Connection;
}

function Tick({ application, connection: { id, enabled_clients } }: TickProps) {
  const { client_id, name } = application;
  const enable = useEnableClient(id);
  const [wanted, setWanted] = useState<boolean | null>(null);
  const field = `enabled-${client_id}`;
  return (
    <>
      <div className="check">
        <input
          id={field}
          type="checkbox"
          // As it was just set, until the answer is read back.
          checked={wanted ?? enabled_clients.includes(client_id)}
          onChange={({ target: { checked: status } }) => {
            setWanted(status);
            enable.mutate({ client_id, status }, { onSettled: () => setWanted(null) });
          }}
        />
        <label htmlFor={field}>{name}</label>
        {isDashboard(application) && <p className="hint">People connect accounts by themselves, at /account.</p>}
      </div>
      {enable.error && <Problem error={enable.error} />}
    </>
  );
}
