import { createHash } from 'node:crypto';
import { PEOPLE } from '../people.js';

const CANDIDATES = [
  'simulated',
  'simulated.example',
  '11112222-3333-4444-8555-666677778888',
  'https://simulated.example',
];

/** A value that a parameter's pattern admits; undefined if none is found. */
export function valueMatching(pattern: string): string | undefined {
  const expression = new RegExp(pattern);
  return [...CANDIDATES, textMatching(pattern)].find((one) => expression.test(one));
}

/** A text that an expression matches, in most cases: of alternatives the first, of repetitions the fewest. */
export function textMatching(expression: string): string {
  return new Sampler(expression).alternatives();
}

class Sampler {
  private at = 0;

  constructor(private readonly expression: string) {}

  alternatives(): string {
    const first = this.sequence();
    while (this.expression[this.at] === '|') {
      this.at++;
      this.sequence();
    }
    return first;
  }

  private sequence(): string {
    let text = '';
    while (this.at < this.expression.length && !'|)'.includes(this.expression[this.at]!)) {
      const atom = this.atom();
      text += atom.repeat(this.fewest());
    }
    return text;
  }

  private atom(): string {
    const char = this.expression[this.at++]!;
    if (char === '(') return this.group();
    if (char === '[') return this.oneOf();
    if (char === '\\') return escape(this.expression[this.at++] ?? '');
    if (char === '^' || char === '$') return '';
    return char === '.' ? 'x' : char;
  }

  private group(): string {
    const kind = /^\?(?::|=|!|<[=!])/.exec(this.expression.slice(this.at))?.[0] ?? '';
    this.at += kind.length;
    const text = this.alternatives();
    this.at++;
    return kind === '' || kind === '?:' ? text : '';
  }

  private oneOf(): string {
    const end = this.expression.indexOf(']', this.at + 1);
    const inner = this.expression.slice(this.at, end);
    this.at = end + 1;
    if (inner.startsWith('^')) return 'x';
    return inner.startsWith('\\') ? escape(inner[1] ?? '') : inner[0]!;
  }

  private fewest(): number {
    const quantifier = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(this.expression.slice(this.at));
    if (!quantifier) return 1;
    this.at += quantifier[0].length;
    if (quantifier[1] !== undefined) return Number(quantifier[1]);
    return quantifier[0].startsWith('+') ? 1 : 0;
  }
}

const escape = (char: string): string => ({ d: '1', w: 'a', s: ' ', b: '', n: '\n' })[char] ?? char;

const SHORT = 6;

/**
 * The same kind of value for another person: letters stay letters and digits digits, so that it passes wherever the
 * first one did. The first of the people keeps the value.
 */
export function varied(value: unknown, person: string): unknown {
  if (person === PEOPLE[0]) return value;
  if (typeof value === 'number') return Number(varied(String(value), person));
  if (typeof value !== 'string') return value;
  const long = value.replace(/[^a-z0-9]/gi, '').length < SHORT ? `${value}${'0'.repeat(SHORT)}` : value;
  const noise = createHash('sha512').update(person).digest();
  let index = 0;
  return long.replace(/[a-z0-9]/gi, (char, offset: number) => {
    const byte = noise[index++ % noise.length]!;
    if (/\d/.test(char)) return String(offset === 0 ? 1 + (byte % 9) : byte % 10);
    const [from, count] = /[a-f]/i.test(char) ? [char < 'a' ? 'A' : 'a', 6] : [char < 'a' ? 'G' : 'g', 20];
    return String.fromCharCode(from.charCodeAt(0) + (byte % count));
  });
}
