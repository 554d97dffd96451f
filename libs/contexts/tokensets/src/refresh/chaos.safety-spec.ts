import { isFullRun, recordFigure } from '@strongroom/testing';
import { Bench, refusal } from '../../test/bench.js';
import { ChaosRun, type Kind, KINDS } from '../../test/chaos/chaos-run.js';
import { CHAOS, DEFINITE, DEFINITE_RULES, ODD_TOKENS } from '../../test/chaos/corpus.js';
import { ProviderClient } from '../provider-client.js';

const OPTIONS = { refreshWaitMs: 1_500, refreshTimeoutMs: 1_200 };
const names = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name);

describe('a strange answer to a refresh', () => {
  const ran: { kind: string; size: number; findings: string[] }[] = [];
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start(OPTIONS);
  }, 60_000);
  afterEach(() => bench.stop());

  it('is one of at least 45 different ones', () => {
    expect(new Set(names(CHAOS)).size).toBe(CHAOS.length);
    expect(CHAOS.length).toBeGreaterThanOrEqual(45);
  });

  /** From another process, as after a breaker's or a budget's wait. */
  async function endured(run: ChaosRun): Promise<string[]> {
    await run.endure();
    await run.look();
    await bench.app.close();
    await bench.boot({ ...OPTIONS, refreshWaitMs: 8_000 });
    await run.recover();
    return run.findings;
  }

  // A strict provider that has acted leaves nothing to recover: what is lost then is said, and counted elsewhere.
  const both = isFullRun() ? [false, true] : null;
  it.each([
    [KINDS.strict, [false]],
    [KINDS.grace, both ?? [true]],
    [KINDS.repeatable, both ?? [false]],
  ] satisfies [Kind, boolean[]][])(
    'I4: costs no account its refresh token: $name',
    async (kind, acts) => {
      const run = new ChaosRun(bench, kind);
      for (const isProcessed of acts) for (const chaos of CHAOS) await run.meet(chaos, isProcessed);
      const findings = await endured(run);
      ran.push({ kind: kind.name, size: run.size, findings });
      expect(findings).toEqual([]);
    },
    400_000,
  );

  it.each([KINDS.strict, KINDS.rotating, KINDS.grace])(
    'I4: that brings tokens and odd members leaves a refresh token that works: $name',
    async (kind) => {
      const run = new ChaosRun(bench, kind);
      for (const odd of ODD_TOKENS) await run.meetTokens(odd);
      const findings = await endured(run);
      ran.push({ kind: kind.name, size: run.size, findings });
      expect(findings).toEqual([]);
    },
    120_000,
  );

  it('control: a client that takes an outage for invalid_grant is found out', async () => {
    const client = bench.app.get(ProviderClient, { strict: false });
    const asItIs = client.token.bind(client);
    client.token = async (...of) => {
      const answer = await asItIs(...of);
      return answer.outcome === 'error' && answer.status >= 500 ? { ...answer, class: 'reconnect' } : answer;
    };
    const run = new ChaosRun(bench, KINDS.strict);
    const failures = CHAOS.filter(({ name }) => /^a 5\d\d/.test(name));
    for (const chaos of failures) await run.meet(chaos, false);
    await run.endure();
    await run.look();
    for (const name of names(failures)) expect(run.findings.some((found) => found.includes(name))).toBe(true);
  }, 60_000);

  afterAll(() => {
    const findings = ran.flatMap((one) => one.findings);
    const total = ran.reduce((sum, { size }) => sum + size, 0);
    recordFigure({
      id: 'chaos',
      title: `Accounts that a strange answer wrongly cost something (${CHAOS.length} answers, ${ODD_TOKENS.length} odd token sets)`,
      required: '0, at least 30 answers',
      measured: `${findings.length} of ${total}`,
      holds: findings.length === 0 && total > CHAOS.length,
      control: 'a client that takes 5xx for invalid_grant is found out at every one of them',
    });
  });
});

describe('a definite answer to a refresh', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start(OPTIONS);
  }, 60_000);
  afterAll(() => bench.stop());

  it.each(DEFINITE.map((one) => [one.name, one.reason, one.answer] as const))(
    '%s ends in %s, is said once, and is not sent again',
    async (_name, reason, answer) => {
      const account = await bench.connected({ errors: { rules: DEFINITE_RULES } });
      await bench.expire(account);
      const before = bench.provider.refreshes.length;
      bench.provider.before = answer;
      for (let round = 0; round < 2; round += 1)
        expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: reason } });
      bench.provider.before = () => undefined;
      expect(await bench.row(account)).toMatchObject({ status: 'reconnect_required', reason });
      expect(bench.provider.refreshes.length - before).toBe(1);
      const said = (await bench.events(account)).filter(({ type }) => type.includes('reconnect_required'));
      expect(said.map(({ data }) => data['reason'])).toEqual([reason]);
    },
  );
});
