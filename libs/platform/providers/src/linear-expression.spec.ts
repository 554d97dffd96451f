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
    '[]a]',
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
    ['(?=a)b', 'looks around'],
    ['a(?!b)', 'looks around'],
    ['(?<=a)b', 'looks around'],
    ['(a)\\1', 'refers back'],
    ['(?<x>a)\\k<x>', 'looks around'],
    ['a**', 'repeats a repetition'],
    ['*a', 'repeats nothing'],
    ['(a', 'leaves a group open'],
    ['a)', 'never opened'],
    ['[a', 'leaves a set'],
    ['[b-a]', 'range'],
    ['\\p{L}', 'not offered'],
    ['a\\', 'backslash'],
    ['((a{1000}){1000}){1000}', 'too large'],
    ['a{2,1}', 'too often'],
    ['x'.repeat(1001), 'too long'],
  ])('refuses %s', (pattern, why) => {
    expect(faultOf(pattern)).toContain(why);
  });
});
