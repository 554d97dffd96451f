import { GroupedReads } from './grouped-reads.js';
import type { Row, Statement } from './statement-flight.js';

/** A database that answers when it is told to. */
function slowly() {
  const flights: { asked: unknown[]; answer: () => void; fail: (code?: string) => void }[] = [];
  const read = (statements: Statement[]) =>
    new Promise<Row[][]>((done, failed) => {
      const asked = statements.map(({ text, values }) => [text, values[0]!.slice(1, -1).split(',')] as const);
      flights.push({
        asked: asked.map(([text, values]) => `${text} ${values.join()}`),
        answer: () => done(asked.map(([, values]) => values.map((said, i) => ({ place: i + 1, said })).reverse())),
        fail: (code = '22P02') => failed(Object.assign(new Error('that is no value'), { code })),
      });
    });
  return { flights, reads: new GroupedReads(read) };
}

const turn = () => new Promise((done) => setImmediate(done));

describe('GroupedReads', () => {
  it('answers each of those who asked together with their own rows', async () => {
    const { flights, reads } = slowly();
    const answers = ['a', 'b', 'a'].map((value) => reads.rows('A', [value]));
    await turn();
    expect(flights.map(({ asked }) => asked)).toEqual([['A a,b,a']]);
    flights[0]!.answer();
    expect(await Promise.all(answers)).toEqual([
      [{ place: 1, said: 'a' }],
      [{ place: 2, said: 'b' }],
      [{ place: 3, said: 'a' }],
    ]);
  });

  it('sends what is asked at the same time of several statements on one way', async () => {
    const { flights, reads } = slowly();
    const answers = [reads.rows('A', ['a']), reads.rows('B', ['b']), reads.rows('A', ['c'])];
    await turn();
    expect(flights.map(({ asked }) => asked)).toEqual([['A a,c', 'B b']]);
    flights[0]!.answer();
    expect((await Promise.all(answers)).map(([row]) => row!['said'])).toEqual(['a', 'b', 'c']);
  });

  it('X9 gives nobody what was read by a flight that had left before they asked', async () => {
    const { flights, reads } = slowly();
    const first = reads.rows('A', ['a']);
    await turn();
    const late = [reads.rows('A', ['a']), reads.rows('A', ['c'])];
    await turn();
    expect(flights.map(({ asked }) => asked)).toEqual([['A a']]);
    flights[0]!.answer();
    await first;
    while (flights.length < 2) await turn();
    expect(flights[1]!.asked).toEqual(['A a,c']);
    flights[1]!.answer();
    expect(await Promise.all(late)).toHaveLength(2);
  });

  it('asks one by one when a group cannot be read, so that one bad value fails alone', async () => {
    const { flights, reads } = slowly();
    const answers = Promise.allSettled([reads.rows('A', ['good']), reads.rows('A', ['bad'])]);
    await turn();
    flights[0]!.fail();
    while (flights.length < 2) await turn();
    flights[1]!.answer();
    while (flights.length < 3) await turn();
    expect(flights.slice(1).map(({ asked }) => asked)).toEqual([['A good'], ['A bad']]);
    flights[2]!.fail();
    expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('fails a group once when it is the database that is away', async () => {
    const { flights, reads } = slowly();
    const answers = Promise.allSettled([reads.rows('A', ['a']), reads.rows('A', ['b'])]);
    await turn();
    flights[0]!.fail('57P01');
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(flights).toHaveLength(1);
  });
});
