import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordFigure, safetyCount } from '@strongroom/testing';
import { checkHistories } from '../../test/model/check-histories.js';
import {
  answerBeforeCommit,
  type Controls,
  forgetsDoubt,
  noJournal,
  noLease,
  noNewSequence,
  noSpill,
  noTakeoverRule,
  noVersionPredicate,
  silenceIsRefusal,
} from '../../test/model/controls.js';
import { ModelGround } from '../../test/model/ground.js';
import { type Found, runHistories } from '../../test/model/run-histories.js';
import { Tally } from '../../test/model/tally.js';

const HISTORIES = safetyCount('HISTORIES', { short: 200, full: 10_000 });
/** Within so many each control has to be found. */
const FOUND_WITHIN = 200;

const control = (controls: Controls, id: string, title: string, ...invariants: string[]) => ({
  controls,
  id: `model-${id}`,
  title,
  invariants,
});

describe('random histories of two nodes, one tokenset and one provider', () => {
  let ground: ModelGround;

  beforeAll(async () => {
    ground = await ModelGround.start();
  });
  afterAll(() => ground.stop());

  it(
    `keep I1 to I8, all of ${HISTORIES}`,
    async () => {
      ground.tally = new Tally();
      const { failure, seed, histories } = await runHistories(ground, HISTORIES);
      recordFigure({
        id: 'model',
        title: 'Model run over random histories',
        required: `0 violations of I1 to I8 in ${HISTORIES}`,
        measured: failure
          ? `${failure.message} after ${histories}`
          : `0 in ${histories}, seed ${seed}: ${ground.tally.toString()}`,
        holds: failure === undefined,
        seed,
      });
      expect(failure ? `seed ${seed}, ${failure.message}\n${failure.lines}` : 'none').toBe('none');
      // a run in which nothing happens shows nothing
      for (const what of ['kill', 'resent', 'spilled', 'lost_rotation', 'superseded', 'reuse'])
        expect(`${what} ${ground.tally.of(what) > 0}`).toBe(`${what} true`);
    },
    60 * 60_000,
  );

  it.each([
    control(noVersionPredicate, 'version', 'the commit without its version predicate', 'I2', 'I6'),
    control(noJournal, 'journal', 'no journal row before the send', 'I3'),
    control(silenceIsRefusal, 'verdict', 'a verdict without a definitive answer', 'I4'),
    control(answerBeforeCommit, 'answer', 'an answer before the commit', 'I5'),
    control(noNewSequence, 'events', 'a commit without a sequence of its own', 'I6'),
    control(noTakeoverRule, 'takeover', 'a strict resend while another node may hold the answer', 'I7'),
    control(noSpill, 'spill', 'no spill', 'I8'),
    control(forgetsDoubt, 'doubt', 'an attempt of unknown outcome closed as not processed', 'I8'),
  ])(
    `find $title within ${FOUND_WITHIN}`,
    async ({ controls, ...of }) => seen(of, await runHistories(ground, FOUND_WITHIN, { controls, isShrunk: false })),
    10 * 60_000,
  );

  it(
    `find two leases at once within ${FOUND_WITHIN}`,
    () =>
      ground.withoutUniqueIndex(async () => {
        const found = await runHistories(ground, FOUND_WITHIN, { controls: noLease, isShrunk: false });
        seen({ id: 'model-lease', title: 'neither lease nor unique index', invariants: ['I1', 'I7'] }, found);
      }),
    10 * 60_000,
  );

  it('are judged the same from a file', async () => {
    const file = join(ground.directory, 'histories.jsonl');
    ground.file = file;
    await runHistories(ground, 10);
    expect(checkHistories(file)).toEqual({ histories: 10, violations: [] });

    writeFileSync(file, '');
    const { failure } = await runHistories(ground, FOUND_WITHIN, { controls: answerBeforeCommit, isShrunk: false });
    expect(checkHistories(file).violations.join()).toContain(failure!.message);
    ground.file = undefined;
  });

  // A tool for whoever has a recording; without one there is nothing to test.
  const recorded = process.env['STRONGROOM_SAFETY_RECORDED'];
  if (recorded !== undefined)
    it('of the file that STRONGROOM_SAFETY_RECORDED names keep I1 to I8', () => {
      expect(readFileSync(recorded, 'utf8')).not.toBe('');
      expect(checkHistories(recorded).violations).toEqual([]);
    });
});

function seen(
  { id, title, invariants }: { id: string; title: string; invariants: string[] },
  { failure, histories, seed }: Found,
): void {
  recordFigure({
    id,
    title: 'Model run, positive control',
    required: `found within ${FOUND_WITHIN} histories`,
    measured: failure ? `${failure.invariant} after ${histories}` : `not found in ${histories}`,
    holds: failure !== undefined,
    control: title,
    seed,
  });
  expect(invariants).toContain(failure?.invariant);
}
