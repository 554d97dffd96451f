import { recordFigure, isFullRun, testPostgres, type TestService } from '@strongroom/testing';
import { CHECKS } from '../../test/checks-of-the-flow.js';
import { MutatedCopy, sourceOf, withoutCheck } from '../../test/mutated-copy.js';

/** What `npm test` takes out: one of each section, whose specs need no database. */
const SHORT = ['4.5 (1)', '4.6 (6) the ID token has the nonce'];

/** CN-40, by doing it: each check is taken out of a copy of the sources, and a test there has to turn red. */
describe('every check between the provider’s answer and the account', () => {
  let postgres: TestService;
  let copy: MutatedCopy;
  const survivors: string[] = [];

  const chosen = CHECKS.filter(({ name }) => isFullRun() || SHORT.some((start) => name.startsWith(start)));

  beforeAll(async () => {
    postgres = await testPostgres();
    copy = new MutatedCopy(postgres.url);
  });
  afterAll(async () => {
    copy?.remove();
    await postgres?.stop();
  });

  it('CN-40 is where the list says', () => {
    for (const check of CHECKS) expect(withoutCheck(sourceOf(check), check)).not.toBe(sourceOf(check));
    expect(new Set(CHECKS.map(({ name }) => name)).size).toBe(CHECKS.length);
    expect(() => withoutCheck('nothing of it', CHECKS[0]!)).toThrow(/0 times/);
  });

  it('CN-40 is missed by a test when it is taken out', async () => {
    const specs = [...new Set(chosen.flatMap((check) => check.specs))];
    const whole = await copy.run(specs);
    process.stderr.write(`CN-40 whole: ${JSON.stringify(whole)}\n`);
    expect({ ...whole, passed: whole.passed > 0 }).toEqual({ passed: true, failed: 0, broken: 0 });
    for (const check of chosen) {
      const { failed, broken } = await copy.without(check);
      process.stderr.write(
        `CN-40 ${failed > 0 ? 'red' : 'STAYS GREEN'}: ${check.name}${broken ? ' (did not run)' : ''}\n`,
      );
      if (failed === 0 || broken > 0) survivors.push(check.name);
    }
    recordFigure({
      id: 'CN-40',
      title: 'checks of the callback and of complete, each taken out of a copy of the sources in turn',
      required: 'a test turns red for each',
      measured: `${chosen.length - survivors.length} of ${chosen.length} missed${survivors.length ? `; not: ${survivors.join(', ')}` : ''}`,
      holds: survivors.length === 0,
      control: `with all checks in place ${whole.passed} tests of the same specs pass in the same copy`,
    });
    expect(survivors).toEqual([]);
  }, 1_800_000);
});
