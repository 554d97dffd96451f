import { useParams } from 'react-router';
import { Facts, Loaded, Mono, Page, Time } from '../../ui/index.js';
import { AccountsOf } from './accounts-of.js';
import { Standing } from './people-page.js';
import { type Person, usePerson } from './people.queries.js';
import { SessionsOf } from './sessions-of.js';
import { StandingOf } from './standing-of.js';
import { TokensOf } from './tokens-of.js';

export function PersonPage() {
  const person = usePerson(useParams()['id'] ?? '');
  return (
    <Page title={person.data?.name ?? person.data?.email ?? 'Person'}>
      <Loaded query={person} what="The person">
        {(one) => <Whole person={one} />}
      </Loaded>
    </Page>
  );
}

const Whole = ({ person }: { person: Person }) => (
  <>
    <Facts
      of={[
        ['Id', <Mono key="id">{person.user_id}</Mono>],
        ['E-mail', person.email && `${person.email}, ${person.email_verified ? 'verified' : 'not verified'}`],
        ['User name', person.username],
        ['Standing', <Standing key="standing" of={person} />],
        ['Signs in with', person.identities?.map(({ connection }) => connection).join(', ')],
        ['Second factor', person.multifactor?.length ? person.multifactor.join(', ') : 'none'],
        ['Sign-ins', person.logins_count],
        ['Last sign-in', <Time key="last" at={person.last_login} />],
        ['Made', <Time key="made" at={person.created_at} />],
      ]}
    />
    <StandingOf person={person} />
    <AccountsOf id={person.user_id} />
    <TokensOf id={person.user_id} />
    <SessionsOf id={person.user_id} />
  </>
);
