import { Link } from 'react-router';
import { Button, Empty, Loaded, Problem, Section, Status, Table } from '../ui/index.js';
import { type Account, useAccountChanges } from './accounts.queries.js';
import { type Application, applicationsIn, useReceipts } from './receipts.queries.js';

/** As far back as one request tells. */
const RECEIPTS = 100;

/** Who has used the account, with a pause for each: refused from that moment on, until it is allowed again. */
export function Applications({ account }: { account: Account }) {
  const receipts = useReceipts({ account: account.id }, RECEIPTS);
  const { pause } = useAccountChanges(account);
  const isPaused = ({ id }: Application) => account.paused_clients.includes(id);
  return (
    <Section
      title="Applications"
      actions={<Link to={`/account/receipts?account=${account.id}`}>What was done with this account</Link>}
    >
      {pause.error && <Problem error={pause.error} />}
      <Loaded query={receipts} what="Applications">
        {({ pages }) => (
          <Table
            caption={`Applications that have used ${account.connection}`}
            rows={withPaused(applicationsIn(pages.flatMap((page) => page.receipts)), account.paused_clients)}
            keyOf={({ id }) => id}
            empty={
              <Empty title="No application has used this account yet">
                <p>Once one has, you can pause it here.</p>
              </Empty>
            }
            columns={[
              { head: 'Application', kind: 'wide', cell: ({ name }) => name },
              {
                head: 'Access',
                cell: (one) =>
                  isPaused(one) ? <Status tone="warn">Paused</Status> : <Status tone="good">Allowed</Status>,
              },
              {
                head: 'Change',
                kind: 'actions',
                cell: (one) => (
                  <Button
                    busy={pause.isPending && pause.variables.clientId === one.id}
                    aria-label={`${isPaused(one) ? 'Resume' : 'Pause'} ${one.name}`}
                    onClick={() => pause.mutate({ clientId: one.id, paused: !isPaused(one) })}
                  >
                    {isPaused(one) ? 'Resume' : 'Pause'}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}

/** One that is paused is shown even if it has not used the account for long, or never. */
const withPaused = (used: readonly Application[], paused: readonly string[]): Application[] => [
  ...used,
  ...paused.filter((id) => !used.some((one) => one.id === id)).map((id) => ({ id, name: id })),
];
