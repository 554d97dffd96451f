import { useSearchParams } from 'react-router';
import { Empty, Loaded, More, Page, Scopes, SelectField, Table, Time } from '../ui/index.js';
import { nameOf, useAccounts } from './accounts.queries.js';
import { type Application, applicationsIn, type Receipt, useReceipts } from './receipts.queries.js';
import { deed, whyOf } from './words.js';

/** What was done with the person's accounts, for whom, and what was refused. */
export function ReceiptsPage() {
  const [parameters, setParameters] = useSearchParams();
  const account = parameters.get('account') ?? '';
  const clientId = parameters.get('application') ?? '';
  const accounts = useAccounts().data ?? [];
  const receipts = useReceipts({ account, client_id: clientId });
  const everything = useReceipts({}, 100);
  const applications = applicationsIn(everything.data?.pages.flatMap((page) => page.receipts) ?? []);
  const filter = (name: string) => (value: string) =>
    setParameters((before) => {
      if (value === '') before.delete(name);
      else before.set(name, value);
      return before;
    });
  return (
    <Page title="Receipts" lead="What was done with your accounts, newest first.">
      <div className="filters">
        <SelectField
          label="Account"
          name="account"
          value={account}
          onChange={filter('account')}
          options={withChosen(
            accounts.map((one) => ({ value: one.id, label: nameOf(one) })),
            account,
          )}
        />
        <SelectField
          label="Application"
          name="application"
          value={clientId}
          onChange={filter('application')}
          options={withChosen(applications.map(asOption), clientId)}
        />
      </div>
      <Loaded query={receipts} what="Receipts">
        {({ pages }) => (
          <>
            <ReceiptTable receipts={pages.flatMap((page) => page.receipts)} />
            <More query={receipts} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

const asOption = ({ id, name }: Application) => ({ value: id, label: name });

interface Option {
  value: string;
  label: string;
}

/** With "All" in front, and what is chosen in any case: an account that is gone has receipts still. */
const withChosen = (options: readonly Option[], chosen: string): Option[] => [
  { value: '', label: 'All' },
  ...options,
  ...(chosen === '' || options.some(({ value }) => value === chosen) ? [] : [{ value: chosen, label: chosen }]),
];

const ReceiptTable = ({ receipts }: { receipts: readonly Receipt[] }) => (
  <Table
    caption="Receipts"
    rows={receipts}
    keyOf={({ id }) => id}
    empty={
      <Empty title="There are no receipts">
        <p>Each use of one of your accounts is written down here, and each refusal.</p>
      </Empty>
    }
    columns={[
      { head: 'When', cell: ({ at }) => <Time at={at} /> },
      { head: 'What', cell: ({ type, reason }) => [deed(type), whyOf(reason)].filter(Boolean).join(': ') },
      { head: 'Application', cell: ({ client_name: name, client_id: id }) => name ?? id ?? '–' },
      { head: 'Service', cell: ({ connection }) => connection ?? '–' },
      { head: 'Permissions', cell: ({ scopes }) => (scopes.length > 0 ? <Scopes of={scopes} /> : '–') },
      { head: 'From', cell: ({ ip }) => ip ?? '–' },
    ]}
  />
);
