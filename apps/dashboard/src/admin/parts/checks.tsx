import { Notice, Status, Table } from '../../ui/index.js';

interface Check {
  name: string;
  ok: boolean;
  remedy: string | null;
}

/** What was looked at, line by line, and what to do about what is wrong. */
export function Checks<Line extends Check>({
  title,
  checks,
  found,
}: {
  title: string;
  checks: readonly Line[];
  found: (check: Line) => string;
}) {
  const wrong = checks.filter(({ ok }) => !ok).length;
  return (
    <>
      <Notice tone={wrong === 0 ? 'good' : 'warn'}>
        {wrong === 0 ? `All ${checks.length} checks passed.` : `${wrong} of ${checks.length} checks failed.`}
      </Notice>
      <Table
        caption={title}
        rows={checks}
        keyOf={({ name }) => name}
        empty={null}
        columns={[
          { head: 'Check', cell: ({ name }) => name.replaceAll('_', ' ') },
          { head: 'Result', cell: ({ ok }) => <Status tone={ok ? 'good' : 'bad'}>{ok ? 'passed' : 'failed'}</Status> },
          { head: 'Found', ...(wrong === 0 ? { kind: 'wide' as const } : {}), cell: found },
          ...(wrong > 0 ? [{ head: 'What to do', cell: ({ remedy }: Line) => remedy ?? '' }] : []),
        ]}
      />
    </>
  );
}
