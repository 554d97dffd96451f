/** What a regular expression says, as far as it can be tried in linear time. */
export type Expression =
  | { kind: 'set'; ranges: Ranges; isInverse?: boolean }
  | { kind: 'assert'; what: 'start' | 'end' | 'boundary' | 'inside' }
  | { kind: 'sequence'; parts: Expression[] }
  | { kind: 'either'; parts: Expression[] }
  | { kind: 'repeat'; part: Expression; min: number; max: number };
export type Ranges = readonly (readonly [number, number])[];

const LAST = 0xffff;
const MAX_PATTERN = 1000;
const MAX_REPEAT = 1000;
const code = (character: string): number => character.charCodeAt(0);
const range = (from: string, to: string): readonly [number, number] => [code(from), code(to)];

const DIGIT: Ranges = [range('0', '9')];
const WORD: Ranges = [range('0', '9'), range('A', 'Z'), range('_', '_'), range('a', 'z')];
const SPACE: Ranges = [
  [9, 13],
  [32, 32],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const CLASSES: Readonly<Record<string, Ranges>> = {
  d: DIGIT,
  w: WORD,
  s: SPACE,
  D: inverse(DIGIT),
  W: inverse(WORD),
  S: inverse(SPACE),
};
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11 };
const ANY: Ranges = inverse([
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
]);

function inverse(ranges: Ranges): Ranges {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    if (from > next) gaps.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  return next <= LAST ? [...gaps, [next, LAST]] : gaps;
}

/** `refused`: what one negative look-ahead at the start forbids. @throws SyntaxError that says what is not offered */
export function parseExpression(pattern: string): { expression: Expression; refused?: Expression } {
  if (pattern.length > MAX_PATTERN) throw new SyntaxError('is too long');
  if (!pattern.startsWith('^(?!')) return { expression: new Parser(pattern).whole() };
  const parser = new Parser(pattern, '^(?!'.length);
  const refused = parser.group();
  const rest = new Parser(`^${pattern.slice(parser.at)}`).whole();
  return { refused: { kind: 'sequence', parts: [{ kind: 'assert', what: 'start' }, refused] }, expression: rest };
}

class Parser {
  constructor(
    private readonly pattern: string,
    public at = 0,
  ) {}

  whole(): Expression {
    const expression = this.either();
    if (this.at < this.pattern.length) throw new SyntaxError('closes a group that was never opened');
    return expression;
  }

  /** Up to and with the closing parenthesis. */
  group(): Expression {
    const expression = this.either();
    if (!this.take(')')) throw new SyntaxError('leaves a group open');
    return expression;
  }

  private either(): Expression {
    const parts = [this.sequence()];
    while (this.take('|')) parts.push(this.sequence());
    return parts.length === 1 ? parts[0]! : { kind: 'either', parts };
  }

  private sequence(): Expression {
    const parts: Expression[] = [];
    for (let next = this.peek(); next !== undefined && next !== '|' && next !== ')'; next = this.peek())
      parts.push(this.repeated(this.single()));
    return { kind: 'sequence', parts };
  }

  private repeated(part: Expression): Expression {
    const [min, max] = this.bounds();
    if (min === undefined || max === undefined) return part;
    if (part.kind === 'assert') throw new SyntaxError('repeats what takes no room');
    this.take('?');
    if (this.bounds()[0] !== undefined) throw new SyntaxError('repeats a repetition');
    return { kind: 'repeat', part, min, max };
  }

  private bounds(): [number, number] | [undefined, undefined] {
    if (this.take('*')) return [0, Infinity];
    if (this.take('+')) return [1, Infinity];
    if (this.take('?')) return [0, 1];
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.pattern.slice(this.at, this.at + 20));
    if (!counted) return [undefined, undefined];
    this.at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === '' ? Infinity : Number(counted[3]);
    if (min > max || min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT))
      throw new SyntaxError('repeats too often');
    return [min, max];
  }

  private single(): Expression {
    const next = this.pattern[this.at++]!;
    if (next === '^') return { kind: 'assert', what: 'start' };
    if (next === '$') return { kind: 'assert', what: 'end' };
    if (next === '.') return { kind: 'set', ranges: ANY };
    if (next === '[') return this.set();
    if (next === '\\') return this.escaped();
    if (next === '(') {
      if (this.take('?') && !this.take(':')) throw new SyntaxError('looks around, which cannot be done in linear time');
      return this.group();
    }
    if ('*+?{'.includes(next)) throw new SyntaxError(`repeats nothing, or needs \\${next}`);
    return literal(next);
  }

  private escaped(): Expression {
    const next = this.pattern[this.at++];
    if (next === 'b' || next === 'B') return { kind: 'assert', what: next === 'b' ? 'boundary' : 'inside' };
    return { kind: 'set', ranges: this.escapedRanges(next) };
  }

  private escapedRanges(next: string | undefined): Ranges {
    if (next === undefined) throw new SyntaxError('ends in a backslash');
    if (/[1-9k]/.test(next)) throw new SyntaxError('refers back, which cannot be done in linear time');
    if (Object.hasOwn(CLASSES, next)) return CLASSES[next]!;
    if (Object.hasOwn(CONTROLS, next)) return [[CONTROLS[next]!, CONTROLS[next]!]];
    if (/[A-Za-z0-9]/.test(next)) throw new SyntaxError(`has \\${next}, which is not offered`);
    return [range(next, next)];
  }

  private set(): Expression {
    const isInverse = this.take('^');
    const ranges: (readonly [number, number])[] = [];
    while (!this.take(']')) {
      const from = this.member();
      const isRange = this.peek() === '-' && this.pattern[this.at + 1] !== ']';
      if (!isRange) {
        ranges.push(...from);
        continue;
      }
      this.at++;
      ranges.push(spanOf(from, this.member()));
    }
    // Kept apart: without case, a set is compared before it is turned round.
    return { kind: 'set', ranges, isInverse };
  }

  private member(): Ranges {
    const next = this.pattern[this.at++];
    if (next === undefined) throw new SyntaxError('leaves a set of characters open');
    if (next !== '\\') return [range(next, next)];
    const escaped = this.pattern[this.at++];
    return escaped === 'b' ? [[8, 8]] : this.escapedRanges(escaped);
  }

  private peek(): string | undefined {
    return this.pattern[this.at];
  }

  private take(character: string): boolean {
    if (this.pattern[this.at] !== character) return false;
    this.at++;
    return true;
  }
}

const literal = (character: string): Expression => ({ kind: 'set', ranges: [range(character, character)] });

function spanOf(from: Ranges, to: Ranges): readonly [number, number] {
  const [first, last] = [from[0], to[0]];
  const isSpan = from.length === 1 && to.length === 1 && first && last && first[0] === first[1] && last[0] === last[1];
  if (!isSpan || first[0] > last[0]) throw new SyntaxError('has a range that is none');
  return [first[0], last[0]];
}

/** Whether only a whole text can match. */
export function isAnchored(node: Expression): boolean {
  if (node.kind === 'either') return node.parts.every(isAnchored);
  if (node.kind !== 'sequence') return false;
  const [first, last] = [node.parts[0], node.parts.at(-1)];
  return (
    node.parts.length > 1 &&
    first?.kind === 'assert' &&
    first.what === 'start' &&
    last?.kind === 'assert' &&
    last.what === 'end'
  );
}

/** All characters that a matching text may hold. */
export function* rangesOf(node: Expression): Generator<readonly [number, number]> {
  if (node.kind === 'set') yield* node.isInverse ? inverse(node.ranges) : node.ranges;
  else if (node.kind === 'repeat') yield* rangesOf(node.part);
  else if (node.kind !== 'assert') for (const part of node.parts) yield* rangesOf(part);
}

/** The text that every match ends with, as far as it is fixed. */
export function fixedEnd(node: Expression): string {
  if (node.kind === 'set') {
    const [only] = node.ranges;
    return node.ranges.length === 1 && !node.isInverse && only![0] === only![1] ? String.fromCharCode(only![0]) : '';
  }
  if (node.kind !== 'sequence') return '';
  let end = '';
  for (const part of node.parts.toReversed()) {
    if (part.kind === 'assert') continue;
    const text = fixedEnd(part);
    if (text.length !== 1) return part.kind === 'sequence' ? text + end : end;
    end = text + end;
  }
  return end;
}
