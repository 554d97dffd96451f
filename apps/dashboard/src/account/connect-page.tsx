import { useMutation } from '@tanstack/react-query';
import { useParams, useSearchParams } from 'react-router';
import { Button, ButtonLink, Empty, Loaded, Page, Problem } from '../ui/index.js';
import { nameOf, useAccounts, useConnectable } from './accounts.queries.js';
import { beginConnect } from './connect-flow.js';

/** Where applications send a person, too: nothing begins before the person says so. */
export function ConnectPage() {
  const connection = useParams()['connection']!;
  const connectable = useConnectable();
  return (
    <Loaded query={connectable} what="The service">
      {(all) =>
        all.some(({ name }) => name === connection) ? (
          <Connect connection={connection} />
        ) : (
          <NotOffered connection={connection} />
        )
      }
    </Loaded>
  );
}

const NotOffered = ({ connection }: { connection: string }) => (
  <Page title="This service cannot be connected here">
    <Empty title={`“${connection}” is not offered on this page`}>
      <p>
        Begin in the application that wants to use it; or ask an administrator to enable this connection for the
        application “Strongroom” (<code>strongroom-dashboard</code>).
      </p>
      <ButtonLink to="/account/connect">See what can be connected</ButtonLink>
    </Empty>
  </Page>
);

function Connect({ connection }: { connection: string }) {
  const accountId = useSearchParams()[0].get('account');
  const account = useAccounts().data?.find(({ id }) => id === accountId);
  const begin = useMutation({ mutationFn: () => beginConnect(connection, accountId) });
  return (
    <Page title={account ? `Connect ${nameOf(account)} again` : `Connect an account at ${connection}`}>
      <p>
        You are asked first what is to be allowed, then you sign in at the service. Nothing is connected before you have
        agreed on both pages.
      </p>
      {account && <p>Sign in there with the same account: another one is not taken in its place.</p>}
      {begin.error && <Problem error={begin.error} />}
      <div className="actions">
        <Button kind="main" busy={begin.isPending || begin.isSuccess} onClick={() => begin.mutate()}>
          Continue
        </Button>
        <ButtonLink to="/account">Cancel</ButtonLink>
      </div>
    </Page>
  );
}
