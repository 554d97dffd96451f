import { Link, useSearchParams } from 'react-router';
import { Button, Empty, fieldText, Loaded, More, Page, SelectField, Table, TextField, Time } from '../../ui/index.js';
import { type Application, useApplications } from '../applications/applications.queries.js';
import { type Connection, useConnections } from '../connections/connections.queries.js';
import { useAskedFields } from '../parts/asked-fields.js';
import { queryOf, TYPES, type Wanted } from './filter.js';
import { type LogEntry, useLog } from './log.queries.js';

/** What is looked for stands in the address: whoever comes back from an entry finds it again. */
export function LogPage() {
  const [parameters, setParameters] = useSearchParams();
  const wanted: Wanted = {
    type: parameters.get('type') ?? '',
    application: parameters.get('application') ?? '',
    connection: parameters.get('connection') ?? '',
    person: parameters.get('person') ?? '',
  };
  const log = useLog(queryOf(wanted));
  const applications = useApplications();
  const connections = useConnections();
  const form = useAskedFields(parameters);
  const show = (values: FormData) => {
    const named = MEMBERS.map((name): [string, string] => [name, fieldText(values, name)]);
    setParameters(named.filter(([, value]) => value !== ''));
    void log.refetch();
  };
  return (
    <Page title="Log" lead="Exchanges, connected accounts and changes, the newest first.">
      <form
        ref={form}
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          show(new FormData(event.currentTarget));
        }}
      >
        <div className="filters">
          <SelectField
            label="Type"
            name="type"
            options={[ALL, ...TYPES.map(({ type, label }) => ({ value: type, label }))]}
          />
          <SelectField
            label="Application"
            name="application"
            options={choices(applications.data?.map(asApplication), wanted.application)}
          />
          <SelectField
            label="Connection"
            name="connection"
            options={choices(connections.data?.map(asConnection), wanted.connection)}
          />
          <TextField label="Person" name="person" placeholder="id" />
        </div>
        <div className="actions">
          <Button kind="main" type="submit">
            Show
          </Button>
        </div>
      </form>
      <Loaded query={log} what="The log">
        {(rows) => <Entries rows={rows} isAll={!log.hasNextPage} />}
      </Loaded>
      <More query={log} />
    </Page>
  );
}

const MEMBERS = ['type', 'application', 'connection', 'person'];

interface Choice {
  value: string;
  label: string;
}
const ALL: Choice = { value: '', label: 'all' };
const asApplication = ({ client_id, name }: Application): Choice => ({ value: client_id, label: name });
const asConnection = ({ name }: Connection): Choice => ({ value: name, label: name });

/** With the one that is chosen in any case: what was done for one that is deleted stays in the log. */
const choices = (there: readonly Choice[] = [], chosen: string): Choice[] => {
  const isThere = chosen === '' || there.some(({ value }) => value === chosen);
  return [ALL, ...there, ...(isThere ? [] : [{ value: chosen, label: chosen }])];
};

/** A search goes through a part of the log at a time, in which there may be nothing. */
const Entries = ({ rows, isAll }: { rows: readonly LogEntry[]; isAll: boolean }) => (
  <Table<LogEntry>
    caption="Log"
    rows={rows}
    keyOf={({ log_id }) => log_id}
    empty={<Empty title={isAll ? 'No entry fits' : 'None of the newest entries fits'} />}
    columns={[
      { head: 'When', cell: ({ date }) => <Time at={date} /> },
      {
        head: 'What',
        kind: 'wide',
        cell: ({ log_id, description, details }) => (
          <>
            <Link to={`/dashboard/log/${encodeURIComponent(log_id)}`}>{description}</Link>
            {typeof details['failure_reason'] === 'string' && ` (${details['failure_reason'].replaceAll('_', ' ')})`}
          </>
        ),
      },
      { head: 'Application', cell: ({ client_name, client_id }) => client_name ?? client_id ?? '' },
      { head: 'Connection', cell: ({ connection }) => connection ?? '' },
      { head: 'Person', cell: ({ user_id }) => <PersonLink id={user_id} /> },
    ]}
  />
);

export const PersonLink = ({ id }: { id: string | null }) =>
  id === null ? null : <Link to={`/dashboard/people/${encodeURIComponent(id)}`}>{id}</Link>;
