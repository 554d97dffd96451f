import { Section } from '../../ui/index.js';
import { Asked } from '../parts/asked.js';
import { SecretOnce } from '../parts/secret-once.js';
import { type Application, useRotateSecret } from './applications.queries.js';

export function ClientSecret({ application: { client_id, name } }: { application: Application }) {
  const rotate = useRotateSecret(client_id);
  const secret = rotate.data?.client_secret;
  return (
    <Section title="Client secret">
      {secret !== undefined && <SecretOnce secret={secret} />}
      <Asked danger deed="Make a new secret" title={`A new secret for ${name}?`} onConfirm={() => rotate.mutateAsync()}>
        <p>The present one ends at once: the application is refused until it has the new one.</p>
      </Asked>
    </Section>
  );
}
