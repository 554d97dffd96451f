import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useNavigate } from 'react-router';
import { ApiProblem } from '../api/index.js';
import type { Arrival } from '../session/index.js';
import { Button, Loading, Notice, Page, Problem } from '../ui/index.js';
import { completeConnect } from './connect-flow.js';
import { connectError } from './words.js';

type Returned = Extract<Arrival, { kind: 'sign-in' | 'connect' }>;

/** The browser is back from the provider. What it brought counts once, so it is sent once, and again only if it was not taken. */
export function ConnectedPage({ arrival, onLeave }: { arrival: Returned; onLeave: () => void }) {
  const { parameters, remembered } = arrival;
  const code = parameters.get('connect_code');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const complete = useMutation({
    mutationFn: (connectCode: string) => completeConnect(connectCode, remembered),
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries();
      await navigate(`/account/accounts/${id}`, { state: { isNew: true }, replace: true });
      onLeave();
    },
  });
  const sent = useRef(false);
  const { mutate } = complete;
  useEffect(() => {
    if (code === null || sent.current) return;
    sent.current = true;
    mutate(code);
  }, [code, mutate]);

  if (code !== null && !complete.error) return <Loading what="Connecting the account" />;
  // Tokens are there, and the provider did not say whose: the same request may be sent again.
  const mayRepeat = complete.error instanceof ApiProblem && complete.error.status === 503;
  return (
    <Page title="The account is not connected">
      {complete.error ? (
        <Problem error={complete.error} {...(mayRepeat && code !== null ? { retry: () => mutate(code) } : {})} />
      ) : (
        <Notice tone="warn">{connectError(parameters.get('error') ?? '')}</Notice>
      )}
      <p>Nothing was changed. You can begin again.</p>
      <Button kind="main" onClick={onLeave}>
        Begin again
      </Button>
    </Page>
  );
}
