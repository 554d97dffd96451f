import { CheckField, TextField } from '../../ui/index.js';
import type { Kind } from './kinds.js';

/** What an application of this kind needs besides a name. */
export function KindFields({ of: kind }: { of: Kind }) {
  if (kind === 'api') return <ApiFields />;
  if (kind === 'worker') return <WorkerFields />;
  return (
    <>
      <TextField
        label="Callback URLs"
        name="callbacks"
        lines={3}
        required
        hint="Where people come back to after signing in and after connecting an account, one in a line."
      />
      {kind === 'spa' && (
        <TextField
          label="Web origins"
          name="web_origins"
          lines={2}
          hint="Of pages that sign in without leaving, such as https://app.example, one in a line."
        />
      )}
    </>
  );
}

const ApiFields = () => (
  <>
    <TextField
      label="Identifier of the API"
      name="api"
      required
      maxLength={600}
      hint="The audience of its access tokens, such as https://api.example/."
    />
    <CheckField label="Make this API, which does not exist here yet" name="new_api" />
  </>
);

const WorkerFields = () => (
  <>
    <TextField
      label="Public key"
      name="key"
      lines={6}
      required
      hint="RSA, as PEM: the half that begins with BEGIN PUBLIC KEY. The worker keeps the private one."
    />
    <TextField
      label="Addresses"
      name="addresses"
      lines={2}
      required
      hint="IP addresses or CIDR ranges that it calls from, one in a line. Nothing is handed out to others."
    />
    <TextField
      label="Connections and scopes"
      name="worker_grants"
      lines={3}
      required
      hint="In each line the name of a connection, then the scopes that it may have there."
    />
  </>
);
