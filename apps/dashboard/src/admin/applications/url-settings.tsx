import { useState } from 'react';
import { Form, Section, TextField } from '../../ui/index.js';
import { OutcomeNotice } from '../parts/outcome-notice.js';
import { textOf, wordsOf } from '../parts/words.js';
import type { Outcome } from '../save.js';
import { type Application, useChangeApplication } from './applications.queries.js';

const URLS = [
  { name: 'callbacks', label: 'Callback URLs', hint: 'Where people come back to after signing in or connecting.' },
  { name: 'allowed_logout_urls', label: 'Logout URLs', hint: 'Where people come to after signing out.' },
  { name: 'web_origins', label: 'Web origins', hint: 'Of pages that sign in without leaving.' },
] as const;

export function UrlSettings({ application }: { application: Application }) {
  const change = useChangeApplication(application);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  return (
    <Section title="Settings">
      <Form
        key={JSON.stringify([application.name, ...URLS.map(({ name }) => application[name])])}
        submit="Save the settings"
        onSubmit={async (values) => {
          setOutcome(null);
          const urls = URLS.map(({ name }) => [name, wordsOf(values.get(name))] as const);
          const changes = { name: textOf(values.get('name')), ...Object.fromEntries(urls) };
          setOutcome(await change.mutateAsync(changes));
        }}
      >
        <TextField label="Name" name="name" required maxLength={255} defaultValue={application.name} />
        {URLS.map(({ name, label, hint }) => (
          <TextField
            key={name}
            {...{ name, label }}
            lines={3}
            hint={`${hint} One in a line.`}
            defaultValue={application[name].join('\n')}
          />
        ))}
      </Form>
      <OutcomeNotice of={outcome} saved="The settings are saved." />
    </Section>
  );
}
