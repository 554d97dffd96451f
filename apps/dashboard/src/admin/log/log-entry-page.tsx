import { Link, useParams } from 'react-router';
import { Facts, Loaded, Mono, Page, Section, Time } from '../../ui/index.js';
import { PersonLink } from './log-page.js';
import { useLogEntry } from './log.queries.js';

export function LogEntryPage() {
  const entry = useLogEntry(useParams()['id'] ?? '');
  return (
    <Page title={entry.data?.description ?? 'Log entry'} lead={<Link to="/dashboard/log">Back to the log</Link>}>
      <Loaded query={entry} what="The entry">
        {({ log_id, date, type, client_id, client_name, connection, user_id, ip, details }) => (
          <>
            <Facts
              of={[
                ['When', <Time key="when" at={date} />],
                ['Type', <Mono key="type">{type}</Mono>],
                ['Application', client_name],
                ['Client ID', client_id && <Mono key="client">{client_id}</Mono>],
                ['Connection', connection],
                ['Person', user_id && <PersonLink key="person" id={user_id} />],
                ['Address', ip],
                ['Id', <Mono key="id">{log_id}</Mono>],
              ]}
            />
            <Section title="Details">
              <pre tabIndex={0}>{JSON.stringify(details, null, 2)}</pre>
            </Section>
          </>
        )}
      </Loaded>
    </Page>
  );
}
