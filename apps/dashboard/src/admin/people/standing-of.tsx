import { Section } from '../../ui/index.js';
import { Asked } from '../parts/asked.js';
import { type Person, useChangePerson } from './people.queries.js';

/** What an administrator decides about a person. The last administrator stays one: the API says so. */
export function StandingOf({ person }: { person: Person }) {
  const change = useChangePerson(person.user_id);
  const shown = person.name ?? person.email ?? person.user_id;
  return (
    <Section title="Standing">
      <div className="actions">
        {person.blocked ? (
          <Asked deed="Unblock" title={`Unblock ${shown}?`} onConfirm={() => change.mutateAsync({ blocked: false })}>
            <p>They can sign in again. Apps get tokens again once they have.</p>
          </Asked>
        ) : (
          <Asked danger deed="Block" title={`Block ${shown}?`} onConfirm={() => change.mutateAsync({ blocked: true })}>
            <p>They are signed out, and no app gets a token for them. What they connected is kept.</p>
          </Asked>
        )}
        {person.administrator ? (
          <Asked
            danger
            deed="Take administration away"
            title={`${shown} no administrator?`}
            onConfirm={() => change.mutateAsync({ administrator: false })}
          >
            <p>They are signed out of this dashboard at once, and do not come in again.</p>
          </Asked>
        ) : (
          <Asked
            deed="Make an administrator"
            title={`Make ${shown} an administrator?`}
            onConfirm={() => change.mutateAsync({ administrator: true })}
          >
            <p>They can change everything here, and make and unmake administrators.</p>
          </Asked>
        )}
      </div>
    </Section>
  );
}
