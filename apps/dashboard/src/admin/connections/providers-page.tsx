import { useState } from 'react';
import { Link } from 'react-router';
import { Empty, Page, Section } from '../../ui/index.js';
import { catalogue } from './catalogue.js';

const GROUPS = [
  { category: 'social', title: 'Consumer and work tools' },
  { category: 'enterprise', title: "A company's directory" },
  { category: 'generic', title: 'Others' },
];
const DESCRIBED = [
  { id: 'oidc', name: 'OpenID Connect: any provider that publishes its metadata' },
  { id: 'oauth2', name: 'OAuth 2.0: any provider, by its addresses' },
  { id: 'own', name: 'An entry of your own catalogue file, by its id' },
];

/** Where a new connection begins: which provider is it for? */
export function ProvidersPage() {
  const [words, setWords] = useState('');
  const wanted = words.trim().toLowerCase();
  const found = catalogue.filter(({ id, name }) => `${id} ${name}`.toLowerCase().includes(wanted));
  return (
    <Page title="New connection" lead="Choose the provider that you registered an application with, or will.">
      <div className="field">
        <label htmlFor="find-provider">Find a provider</label>
        <input id="find-provider" type="search" value={words} onChange={(event) => setWords(event.target.value)} />
      </div>
      {found.length === 0 && (
        <Empty title="No provider of the catalogue has such a name">Describe it yourself, below.</Empty>
      )}
      {GROUPS.map(({ category, title }) => {
        const group = found.filter((one) => one.category === category);
        return group.length === 0 ? null : (
          <Section key={category} title={title}>
            <Providers of={group} />
          </Section>
        );
      })}
      <Section title="Not in the catalogue">
        <Providers of={DESCRIBED} />
      </Section>
    </Page>
  );
}

const Providers = ({ of }: { of: readonly { id: string; name: string }[] }) => (
  <ul className="choices">
    {of.map(({ id, name }) => (
      <li key={id}>
        <Link to={`/dashboard/connections/new/${id}`}>{name}</Link>
      </li>
    ))}
  </ul>
);
