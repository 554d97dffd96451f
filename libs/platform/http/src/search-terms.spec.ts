import { likePattern, searchQuery } from './search-terms.js';

const query = searchQuery(['email', 'name']);
const patterns = (q: string) => query.parse(q).map((term) => [term.member, likePattern(term)]);

describe('what a list is searched for', () => {
  it('is words, members and phrases, all of which must fit', () => {
    expect(patterns('ali* AND email:*@example.com name:"Alice  B*"')).toEqual([
      [null, 'ali%'],
      ['email', '%@example.com'],
      ['name', 'Alice  B*'],
    ]);
    expect(patterns(' auth0|u-1  ANDREA ')).toEqual([
      [null, 'auth0|u-1'],
      [null, 'ANDREA'],
    ]);
  });

  it('is ten things at most, however short', () => {
    expect(patterns('a '.repeat(10))).toHaveLength(10);
  });

  it('takes what means something to the database for itself', () => {
    expect(patterns('100%_\u0027')).toEqual([[null, '100\\%\\_\u0027']]);
    expect(patterns('"a\\b"')).toEqual([[null, 'a\\\\b']]);
  });

  it.each([
    ...['', ' ', 'a OR b', 'NOT a', '-a', 'AND', 'a AND', 'date:[1 TO 2]', 'a~', '(a)', 'a && b', 'password:x'],
    ...['name:', 'name: x', '"a', 'a"b"', 'x'.repeat(501), 'a '.repeat(11)],
  ])('that is %p is refused instead of finding something else', (q) => {
    expect(query.safeParse(q).success).toBe(false);
  });
});
