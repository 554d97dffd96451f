import { isFullRun, recordFigure } from '@strongroom/testing';
import { Bench, refusal } from '../../test/bench.js';
import { ChaosRun, type Kind, KINDS } from '../../test/chaos/chaos-run.js';
import { CHAOS, DEFINITE, DEFINITE_RULES, ODD_TOKENS } from '../../test/chaos/corpus.js';
import { OUTAGES, UnreachableProvider } from '../../test/chaos/unreachable.js';
import { ProviderClient } from '../provider-client.js';

// An answer that a busy machine is slow to read must not be taken for silence.
const OPTIONS = { refreshWaitMs: 3_300, refreshTimeoutMs: 3_000 };
const names = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name);

describe('a strange answer to a refresh', () => {
  const ran: { size: number; findings: string[] }[] = [];
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start(OPTIONS);
  });
  afterAll(() => bench.stop());

  it('is one of at least 45 different ones', () => {
    expect(new Set(names(CHAOS)).size).toBe(CHAOS.length);
    expect(CHAOS.length).toBeGreaterThanOrEqual(45);
  });

  // A strict provider that has acted leaves nothing to recover: what is lost then is said, and counted elsewhere.
  const both = isFullRun() ? [false, true] : null;
  it.each([
    { kind: KINDS.strict, acts: [false] },
    { kind: KINDS.rotating, acts: [] },
    { kind: KINDS.grace, acts: both ?? [true] },
    { kind: KINDS.repeatable, acts: both ?? [false] },
  ])(
    'I4: costs no account its refresh token: $kind.name',
    async ({ kind, acts }: { kind: Kind; acts: boolean[] }) => {
      const run = new ChaosRun(bench, kind);
      for (const isProcessed of acts) for (const chaos of CHAOS) await run.meet(chaos, isProcessed);
      if (kind.rotates) for (const odd of ODD_TOKENS) await run.meetTokens(odd);
      await run.endure();
      await run.look();
      // From another process, as after the wait of a breaker.
      await bench.app.close();
      await bench.boot({ refreshWaitMs: 8_000, refreshTimeoutMs: 10_000 });
      await run.recover();
      ran.push(run);
      expect(run.findings).toEqual([]);
      await bench.app.close();
      await bench.boot(OPTIONS);
    },
    400_000,
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
  });

  afterAll(() => {
    const findings = ran.flatMap((one) => one.findings);
    const total = ran.reduce((sum, { size }) => sum + size, 0);
    recordFigure({
      id: 'chaos',
      title: `Accounts that a strange answer wrongly cost something (${CHAOS.length} answers, ${ODD_TOKENS.length} odd token sets)`,
      required: '0, at least 30 answers',
      measured: `${findings.length} of ${total}`,
      holds: findings.length === 0 && total > CHAOS.length,
      control:
        'a client that takes 5xx for invalid_grant is found out at each; so is one that stores any refresh_token',
    });
  });
});

describe('a provider that cannot be reached', () => {
  let away: UnreachableProvider;
  let bench: Bench;
  beforeAll(async () => {
    away = await UnreachableProvider.start();
    bench = await Bench.start(OPTIONS, { egress: away.egress });
  });
  afterAll(async () => {
    await bench.stop();
    await away.server.stop();
  });

  it.each(OUTAGES)('I4: by %s costs no account its refresh token, and nothing is sent', async (name) => {
    const connectionId = await bench.connection({}, { tokenOrigin: away.server.url });
    Object.assign(bench.directory.views.get(connectionId)!.options, { tokenURL: `${away.server.url}/token` });
    bench.provider.subject = name;
    const personId = bench.person();
    const { tokensetId } = await bench.vault.redeem(await bench.redeemRequest(personId, connectionId));
    const account = { personId, connectionId, tokensetId };
    const first = await bench.token(account);
    const sends = away.sends;

    await away.outages[name]!();
    await bench.expire(account, -25);
    expect((await bench.token(account))?.accessToken).toBe(first!.accessToken);
    await bench.expire(account);
    expect(await refusal(bench.token(account))).toMatchObject({ status: 503 });
    expect(await bench.row(account)).toMatchObject({ status: 'active', cred_version: 1 });
    expect(new Set((await bench.attempts(account)).map(({ state }) => state))).toEqual(new Set(['not_processed']));
    expect(away.sends).toBe(sends);

    await away.mend();
    await bench.cooled(account);
    expect(await bench.token(account)).toMatchObject({ refreshed: true });
    expect(new URLSearchParams(away.server.calls.at(-1)!.body).get('refresh_token')).toBe(
      first!.accessToken.replace('_at_', '_rt_'),
    );
  });
});

describe('a definite answer to a refresh', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start(OPTIONS);
  });
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

  it('that nobody knows, three times over a day, ends in rejected, and not before', async () => {
    const account = await bench.connected();
    bench.provider.before = () => ({
      status: 400,
      body: { error: 'something_odd' },
      headers: { 'retry-after': '600' },
    });
    for (const status of ['active', 'active', 'reconnect_required']) {
      await bench.cooled(account);
      await bench.expire(account);
      await refusal(bench.token(account));
      expect(await bench.row(account)).toMatchObject({ status });
      await bench.sql.query(
        `UPDATE refresh_attempts SET settled_at = settled_at - interval '13 hours' WHERE tokenset_id = $1`,
        [account.tokensetId],
      );
    }
    bench.provider.before = () => undefined;
    expect(await bench.row(account)).toMatchObject({ reason: 'rejected' });
  });

  it('after one that was lost is a lost rotation', async () => {
    const account = await bench.connected();
    await bench.expire(account);
    // The provider has rotated: the resend of what it has replaced is what it refuses.
    bench.provider.after = ({ grant }) => (grant === 'refresh_token' ? 'reset' : undefined);
    await expect(bench.token(account)).rejects.toMatchObject({ status: expect.any(Number) as number });
    bench.provider.after = () => undefined;
    await bench.cooled(account);
    expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: 'lost_rotation' } });
  });
});
