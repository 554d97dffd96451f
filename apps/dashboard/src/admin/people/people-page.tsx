import { Link, useSearchParams } from 'react-router';
import { Button, Empty, fieldText, Loaded, More, Page, Status, Table, Time } from '../../ui/index.js';
import { useAskedFields } from '../parts/asked-fields.js';
import { type Person, usePeople } from './people.queries.js';

/** What is looked for stands in the address: whoever comes back from a person finds it again. */
export function PeoplePage() {
  const [parameters, setParameters] = useSearchParams();
  const words = parameters.get('find') ?? '';
  const people = usePeople(words);
  const form = useAskedFields(parameters);
  return (
    <Page title="People" lead="Everybody who can sign in here.">
      <form
        ref={form}
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          const find = fieldText(new FormData(event.currentTarget), 'find');
          setParameters(find === '' ? {} : { find });
        }}
      >
        <div className="field">
          <label htmlFor="find-person">Name, e-mail address or id</label>
          <p className="hint" id="find-person-hint">
            Any part of it. Empty: everybody.
          </p>
          <input
            id="find-person"
            name="find"
            type="search"
            maxLength={200}
            aria-describedby="find-person-hint"
            autoComplete="off"
          />
        </div>
        <div className="actions">
          <Button kind="main" type="submit">
            Find
          </Button>
        </div>
      </form>
      <Loaded query={people} what="People">
        {(rows) => <People rows={rows} none={words === '' ? 'There is nobody yet' : `Nobody is called ${words}`} />}
      </Loaded>
      <More query={people} />
    </Page>
  );
}

const People = ({ rows, none }: { rows: readonly Person[]; none: string }) => (
  <Table<Person>
    caption="People"
    rows={rows}
    keyOf={({ user_id }) => user_id}
    empty={<Empty title={none} />}
    columns={[
      {
        head: 'Person',
        cell: ({ user_id, name, email }) => (
          <Link to={`/dashboard/people/${encodeURIComponent(user_id)}`}>{name ?? email ?? user_id}</Link>
        ),
      },
      { head: 'E-mail', cell: ({ email }) => email ?? '' },
      { head: 'Last sign-in', cell: ({ last_login }) => <Time at={last_login} /> },
      { head: 'Standing', cell: (person) => <Standing of={person} /> },
    ]}
  />
);

export function Standing({ of: { blocked, administrator } }: { of: Person }) {
  if (blocked) return <Status tone="bad">blocked</Status>;
  return administrator ? <Status tone="good">administrator</Status> : <Status>person</Status>;
}
