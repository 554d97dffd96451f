import { Button, Problem, Section } from '../../ui/index.js';
import { Checks } from '../parts/checks.js';
import { useVerify } from './connections.queries.js';

export function VerifyConnection({ id }: { id: string }) {
  const verify = useVerify(id);
  return (
    <Section
      title="Verify"
      actions={
        <Button busy={verify.isPending} onClick={() => verify.mutate()}>
          Verify the connection
        </Button>
      }
    >
      <p>Tries the addresses, the keys and the client at the provider, without a person.</p>
      {verify.error && <Problem error={verify.error} />}
      {verify.data && <Checks title="Verification" checks={verify.data.checks} found={({ detail }) => detail} />}
    </Section>
  );
}
