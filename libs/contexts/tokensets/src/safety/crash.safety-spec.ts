import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { recordFigure, safetyCount } from '@strongroom/testing';
import { type CrashClass, crashClasses, CrashRun, crashTable, type Fate } from '../../test/safety/crash-run.js';
import { SafetyWorld } from '../../test/safety/safety-world.js';
import { type CrashPoint, crashPoints } from '../refresh/crash-points.js';

const KILLS = safetyCount('KILLS', { short: 20, full: 20 });
/** Of each class, at each point, in each kill. */
const HELD = safetyCount('HELD', { short: 3, full: 50 });

/** The same for refreshes that ask for a part of the scopes. */
const NARROWING_KILLS = safetyCount('NARROWING_KILLS', { short: 1, full: 5 });

/** What a kill may cost at a strict provider; with grace it costs nothing anywhere. */
const AT_STRICT: Record<CrashPoint, 'nothing' | 'what is said'> = {
  P0: 'nothing',
  P1: 'nothing',
  P2: 'what is said',
  P3: 'what is said',
  P3b: 'nothing',
  P4: 'nothing',
  P5: 'nothing',
};

describe('kill -9 in the middle of refreshes', () => {
  let world: SafetyWorld;
  let run: CrashRun;

  beforeAll(async () => {
    world = await SafetyWorld.open();
    run = new CrashRun(world, 'crash');
    // Refreshes stand at all points at once: each kill counts for each of them.
    for (let kill = 0; kill < KILLS; kill++) await run.kill(crashPoints, HELD);
    process.stderr.write(crashTable(run.fates.values()));
  }, 3_600_000);
  afterAll(async () => {
    await run.end();
    await world.close();
  });

  const fateOf = (point: CrashPoint, kind: CrashClass): Fate => run.fates.get(`${point} ${kind}`)!;

  it.each(crashPoints.flatMap((point) => crashClasses.map((kind) => [point, kind] as const)))(
    '14, 15, 16 at %s, %s, loses nothing that is not said',
    (point, kind) => {
      const { kills, held, lostAndSaid, lostSilently, misjudged, givenUp } = fateOf(point, kind);
      expect({ kills, held }).toEqual({ kills: KILLS, held: KILLS * HELD });
      const mayLose = kind === 'strict' && AT_STRICT[point] === 'what is said';
      recordFigure({
        id: `crash-${point}-${kind}`,
        title: `kill -9 at ${point}, ${kind === 'grace' ? 'provider with 60 s of grace' : 'strict provider'}`,
        required: mayLose ? '0 lost silently; lost, as lost_rotation: reported' : '0 lost',
        measured: `${held} held in ${kills} kills: ${lostAndSaid} lost and said, ${lostSilently} lost silently`,
        holds: lostSilently + misjudged + givenUp === 0 && (mayLose || lostAndSaid === 0),
        ...(CONTROLS[point] ? { control: CONTROLS[point] } : {}),
      });
      expect({ lostSilently, misjudged, givenUp }).toEqual({ lostSilently: 0, misjudged: 0, givenUp: 0 });
      if (!mayLose) expect(lostAndSaid).toBe(0);
    },
  );

  it('SE-05 loses nothing by a refresh for a part either, and gives nobody a part as the whole', async () => {
    const narrowing = new CrashRun(world, 'narrowing', {}, {}, ['read']);
    for (let kill = 0; kill < NARROWING_KILLS; kill++) await narrowing.kill(crashPoints, HELD);
    await narrowing.end();
    const fates = [...narrowing.fates.values()];
    const sum = (of: (fate: Fate) => number): number => fates.reduce((all, fate) => all + of(fate), 0);
    const isGap = (fate: Fate): boolean => fate.class === 'strict' && AT_STRICT[fate.point] === 'what is said';
    const silent = sum(({ lostSilently, misjudged, givenUp }) => lostSilently + misjudged + givenUp);
    const outside = sum((fate) => (isGap(fate) ? 0 : fate.lostAndSaid));
    const held = sum((fate) => fate.held);
    recordFigure({
      id: 'crash-narrowing',
      title: 'kill -9 at every point of a refresh for a part of the scopes, strict provider and one with grace',
      required: '0 lost silently, 0 lost outside P2 and P3 of the strict one, 0 parts given as the whole',
      measured: `${held} held: ${silent} lost silently, ${outside} lost outside, 0 parts given`,
      holds: silent + outside === 0,
    });
    expect({ held, silent, outside }).toEqual({ held: 14 * NARROWING_KILLS * HELD, silent: 0, outside: 0 });
  }, 600_000);

  it('18 has what is not strict settled within seconds of the kill', () => {
    const seconds = run.recoverySeconds.grace.sort((one, other) => one - other);
    const p99 = seconds[Math.ceil(seconds.length * 0.99) - 1]!;
    const most = seconds.at(-1)!;
    // The target is for a kill that holds 50 of them: a sweep takes so many.
    const inOneKill = HELD * crashPoints.length;
    const isTarget = inOneKill <= 50;
    recordFigure({
      id: isTarget ? 'recovery' : 'recovery-many',
      title: `from kill -9 to the outcome, provider with grace, ${inOneKill} in a kill and as many at a strict one`,
      required: isTarget ? 'p99 at most 10 s, max at most 20 s' : 'reported',
      measured: `p99 ${p99.toFixed(1)} s, max ${most.toFixed(1)} s of ${seconds.length}`,
      holds: !isTarget || (p99 <= 10 && most <= 20),
    });
    expect(seconds.length).toBeGreaterThan(0);
  });

  it('I1 I3 has sent nothing twice at a time, and nothing that the journal did not know before', () => {
    const { sends } = world.provider;
    expect(sends.length).toBeGreaterThan(KILLS * HELD);
    expect(sends.filter(({ wasJournalled }) => wasJournalled !== true)).toEqual([]);
    expect(sends.filter(({ overlapping }) => overlapping > 0)).toEqual([]);
  });

  it('D3 leaves sealed records on the disk, for this user alone, and no token', async () => {
    const place = world.spillDirectoryOf('spilled');
    const victim = await world.process('spilled');
    const accounts = await world.connect(victim, 'strict', 3);
    await world.expire(accounts);
    await victim.ask('hold', { points: accounts.map(({ tokensetId }) => [tokensetId, 'P3b']) });
    victim.tokens(accounts).catch(() => undefined);
    await victim.untilHeld(accounts.length);
    await victim.kill();
    const names = (await readdir(place)).filter((name) => name.endsWith('.json'));
    expect(names).toHaveLength(accounts.length);
    const tokens = accounts.flatMap(({ grant }) => [`cnry_at_${grant}_2`, `cnry_rt_${grant}_2`]);
    for (const name of names) {
      const path = join(place, name);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      const text = name + (await readFile(path, 'utf8'));
      expect(isIn(text, tokens)).toBe(false);
      expect(isIn(text + Buffer.from(`x${tokens[0]}`).toString('base64url'), tokens)).toBe(true);
    }
  });

  it('would have seen refreshes lost at P4 without the spill', async () => {
    const broken = new CrashRun(world, 'no-spill', {}, { sabotage: ['no spill'] });
    await broken.kill(['P4'], 5).finally(() => broken.end());
    expect(broken.fates.get('P4 strict')).toMatchObject({ held: 5, lostAndSaid: 5 });
  });

  it('would have seen requests that no journal knows, and a loss that is told wrongly', async () => {
    const broken = await world.process('no-journal', {}, { sabotage: ['no journal'] });
    const accounts = await world.connect(broken, 'strict', 3);
    await world.expire(accounts);
    await broken.ask('hold', { points: accounts.map(({ tokensetId }) => [tokensetId, 'P3']) });
    broken.tokens(accounts).catch(() => undefined);
    await broken.untilHeld(accounts.length);
    await broken.kill();
    expect(accounts.flatMap(({ grant }) => world.provider.sendsOf(grant))).toEqual(
      accounts.map(({ grant }) => expect.objectContaining({ grant, wasJournalled: false })),
    );
    await world.endLeases(accounts);
    const next = await world.process('no-journal');
    await next.tokens(accounts);
    const reasons = [...(await world.rows(accounts)).values()].map(({ reason }) => reason);
    expect(reasons).toEqual(accounts.map(() => 'revoked_or_expired'));
    await next.kill();
  });
});

/** As it is, or as the end of something in hexadecimal or base64. */
function isIn(text: string, tokens: readonly string[]): boolean {
  const forms = tokens.flatMap((token) => [
    token,
    Buffer.from(token).toString('hex'),
    ...[0, 1, 2].map((before) => {
      const whole = Buffer.from(' '.repeat(before) + token).toString('base64url');
      return whole.slice(4, -4);
    }),
  ]);
  const plain = text.replaceAll('+', '-').replaceAll('/', '_');
  return forms.some((form) => plain.includes(form));
}

const CONTROLS: Partial<Record<CrashPoint, string>> = {
  P3: 'without the journal: lost silently',
  P4: 'without the spill: every one is lost',
};
