import { type Cases, filesById, idsOf, problemsOf } from './cases/index.js';

const cases: Cases = { groups: [{ prefix: 'EX', cases: 3, about: 'made up' }], waiting: { 'EX-03': 'a later time' } };
const found = (text: string) => filesById(cases, [['a.spec.ts', text]]);

describe('the list of cases', () => {
  it('numbers them', () => expect(idsOf(cases)).toEqual(['EX-01', 'EX-02', 'EX-03']));

  it('counts what a test is called and what stands in its table', () => {
    const files = found("it('EX-01 works', () => {}); it.each([['EX-02 too', 1]])('%s', () => {});");
    expect([...files.values()]).toEqual([['a.spec.ts'], ['a.spec.ts'], []]);
    expect(problemsOf(cases, files)).toEqual([]);
  });

  it('counts neither comments nor tests that never run', () => {
    // A text that is read, with what must not count in it; no test is skipped here.
    const files = found(
      "// EX-01\nit.skip('EX-02 works', () => {}); describe.skip('x', () => { it('EX-02', () => {}); });",
    );
    expect(problemsOf(cases, files)).toEqual(['EX-01 has no test that names it', 'EX-02 has no test that names it']);
  });

  it('refuses a case that is said to wait although it is tested, or is none', () => {
    const files = found("it('EX-01 EX-02 EX-03', () => {});");
    expect(problemsOf(cases, files)).toEqual(['EX-03 is said to wait, and is tested']);
    const unknown = { ...cases, waiting: { 'ZZ-01': 'nothing' } };
    expect(problemsOf(unknown, files)).toEqual(['ZZ-01 is said to wait, and is no case']);
  });
});
