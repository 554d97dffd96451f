import { recordFigure, safetyCount } from '@strongroom/testing';
import {
  answerBeforeCommit,
  type Controls,
  noJournal,
  noLease,
  noSpill,
  noVersionPredicate,
} from '../../test/model/controls.js';
import { ModelGround } from '../../test/model/ground.js';
import { type Found, runHistories } from '../../test/model/run-histories.js';

const HISTORIES = safetyCount('HISTORIES', { short: 200, full: 10_000 });
/** Within so many each control has to be found. */
const FOUND_WITHIN = 200;

const control = (controls: Controls, id: string, title: string, ...invariants: string[]) => ({
  controls,
  id,
  title,
  invariants,
});

describe('random histories of two nodes, one tokenset and one provider', () => {
  let ground: ModelGround;

  beforeAll(async () => {
    ground = await ModelGround.start();
  }, 60_000);
  afterAll(() => ground.stop());

  it(
    `keep I1 to I8, all of ${HISTORIES}`,
    async () => {
      const { failure, seed, histories } = await runHistories(ground, HISTORIES);
      recordFigure({
        id: 'model',
        title: 'Model run over random histories',
        required: `0 violations of I1 to I8 in ${HISTORIES}`,
        measured: failure ? `${failure.message} after ${histories}` : `0 in ${histories}: ${ground.tally}`,
        holds: failure === undefined,
        seed,
      });
      expect(failure ? `seed ${seed}, ${failure.message}\n${failure.lines}` : 'none').toBe('none');
    },
    30 * 60_000,
  );

  it.each([
    control(noVersionPredicate, 'model-version', 'the commit without its version predicate', 'I2'),
    control(noJournal, 'model-journal', 'no journal row before the send', 'I3'),
    control(answerBeforeCommit, 'model-answer', 'an answer before the commit', 'I5'),
    control(noSpill, 'model-spill', 'no spill', 'I8'),
  ])(
    `find $title within ${FOUND_WITHIN}`,
    async ({ controls, ...of }) => seen(of, await runHistories(ground, FOUND_WITHIN, { controls })),
    10 * 60_000,
  );

  it(
    `find two leases at once within ${FOUND_WITHIN}`,
    () =>
      ground.withoutUniqueIndex(async () => {
        const found = await runHistories(ground, FOUND_WITHIN, { controls: noLease });
        seen({ id: 'model-lease', title: 'neither lease nor unique index', invariants: ['I1', 'I7'] }, found);
      }),
    10 * 60_000,
  );
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
  process.stderr.write(`${failure?.message}\n${failure?.lines}\n`);
  expect(invariants).toContain(failure?.invariant);
}
