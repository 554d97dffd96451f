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
    '^(?!a$)a|b',
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
    ['^(?!a', 'group open'],
    ['(a)\\1', '\\1'],
    ['a**', '**'],
    ['*a', 'missing argument'],
    ['(a', 'missing closing )'],
    ['a)', 'unexpected )'],
    ['[a', 'missing closing ]'],
    ['[b-a]', 'range'],
    ['a\\', 'trailing backslash'],
    ['((a{1000}){1000}){1000}', 'invalid repeat count'],
    ['x'.repeat(1001), 'longer than'],
  ])('refuses %s', (pattern, why) => {
    expect(faultOf(pattern)).toContain(why);
  });
});
