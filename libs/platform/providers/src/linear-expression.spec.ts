import { faultOf, linear } from './linear-expression.js';

const TEXTS = [
  '',
  'a',
  'aa',
  'ab',
  'ba',
  'abc',
  'a.b',
  'A-1',
  'x y',
  'foo\n',
  'token_x',
  '12',
  '9-0',
  'é',
  'a|b',
  '[',
  ']',
];

describe('an expression in linear time', () => {
  it.each([
    'a',
    'ab|ba',
    '^a*$',
    'a+b?',
    '(a|b)+c',
    '[a-c]{2}',
    '[^a-c]',
    '^.$',
    '\\d+',
    '\\bx\\b',
    '\\w{1,2}\\s',
    'a{2,}',
    '^(?:a|b)$',
    '[\\d-]',
    '',
    '^$',
    'x\\.b|\\[',
    '[.\\]-]',
    'a.b',
    '(a*)*b',
    '^(?!a)[a-z]+$',
    '\\Bb',
    '\\D',
    '[^\\s]',
    '^(?!ab|b)(a|b)',
    '^(?!a$)(a|b)',
    '^(?!a\\)|[)])[^\\]]+$',
  ])('says of every text what the usual one says: %s', (pattern) => {
    for (const text of TEXTS) {
      expect([text, linear(pattern).test(text)]).toEqual([text, new RegExp(pattern).test(text)]);
      expect([text, linear(pattern, 'i').test(text)]).toEqual([text, new RegExp(pattern, 'i').test(text)]);
    }
  });

  it('is done with expressions at once that others never end with', () => {
    const text = `${'a'.repeat(2048)}!`;
    for (const pattern of ['^(a+)+$', '(a|aa)+$', '(.*)*x', '.*.*.*.*=x', '^(([a-z])+.)+[A-Z]([a-z])+$'])
      expect(linear(pattern).test(text)).toBe(false);
  });

  it.each([
    ['(?=a)b', '(?='],
    ['a(?!b)', '(?!'],
    ['(?<=a)b', '(?<'],
    ['^(?!a)(?!b)c', '(?!'],
    ['^(?!a', 'Unterminated group'],
    ['^(?!a$)a|b', 'one of several alternatives'],
    ['(a)\\1', '\\1'],
    ['a**', 'Nothing to repeat'],
    ['*a', 'Nothing to repeat'],
    ['(a', 'Unterminated group'],
    ['a)', "Unmatched ')'"],
    ['[a', 'Unterminated character class'],
    ['[b-a]', 'Range out of order'],
    ['a\\', 'Invalid escape'],
    ['((a{1000}){1000}){1000}', 'invalid repeat count'],
    ['x'.repeat(1001), 'longer than'],
  ])('refuses %s', (pattern, why) => {
    expect(faultOf(pattern)).toContain(why);
  });

  it.each([
    '\\pL',
    '\\p{Lu}',
    '\\Qa.b\\E',
    'a\\z',
    '\\Aa',
    '\\C',
    '\\a',
    '\\07',
    '\\0',
    '\\cA',
    '\\x{41}',
    '\\u0041',
    '[\\b]',
    '[[:alpha:]]',
    '[[:alpha:]x[y]',
    '[^[:alpha:]x[y]',
    '[[:-a]x[:]',
    '[]a[b]',
    '[^]a[b]',
    '(?i)a',
    '(?i:a)',
    '(?P<n>a)',
    '(?<n>a)',
    'a{,2}',
    '^*a',
    '😀+',
  ])('M1 refuses %s, which two engines read in two ways, or only one of them reads', (pattern) => {
    expect(faultOf(pattern)).toBeDefined();
  });

  it('M1 reads every character, alone and in a class, as the usual engine does', () => {
    const chars = Array.from({ length: 0x250 }, (_, code) => String.fromCharCode(code));
    const escapes = chars.slice(0, 0x80).flatMap((char) => [`\\${char}`, `[\\${char}]`, `[^\\${char}]`, `[${char}]`]);
    const taken = [...escapes, '\\x41', '[\\x41-\\x5a]', '[[-^]'].filter((one) => faultOf(one) === undefined);
    // Spaces beyond ASCII: RE2 knows none.
    const isSpace = (pattern: string, char: string) => /\\s/i.test(pattern) && /[^\S\t\n\f\r ]/.test(char);
    const differences = taken.flatMap((pattern) =>
      chars
        .filter((char) => !isSpace(pattern, char))
        .filter((char) => linear(`^${pattern}$`).test(char) !== new RegExp(`^${pattern}$`).test(char))
        .map((char) => [pattern, char]),
    );
    expect(differences).toEqual([]);
    expect(taken.length).toBeGreaterThan(150);
  });
});
