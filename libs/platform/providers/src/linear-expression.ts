import { type Expression, parseExpression, type Ranges } from './expression-syntax.js';

/** A regular expression that takes time in proportion to the text, whatever the text and the expression are. */
export interface LinearExpression {
  test(text: string): boolean;
}

type Instruction =
  | { op: 'set'; ranges: Ranges; isInverse: boolean }
  | { op: 'split'; to: [number, number] }
  | { op: 'jump'; to: number }
  | { op: 'assert'; what: 'start' | 'end' | 'boundary' | 'inside' }
  | { op: 'match' };

const MAX_INSTRUCTIONS = 4000;
const MOST_REMEMBERED = 2000;
const remembered = new Map<string, LinearExpression>();

/**
 * Values and error texts are written by people and providers, expressions by operators: with backtracking, one of
 * them could stop the process with a text of forty letters. All states are walked at once instead. Look-around and
 * references back cannot be done that way, but for one `^(?!…)` in front.
 *
 * @throws SyntaxError
 */
export function linear(pattern: string, flags: '' | 'i' = ''): LinearExpression {
  const key = `${flags}/${pattern}`;
  const known = remembered.get(key);
  if (known) return known;
  const { refused, expression } = parseExpression(pattern);
  const accepts = compile(expression, flags === 'i');
  const refuses = refused && compile(refused, flags === 'i');
  const made = { test: (text: string) => !refuses?.(text) && accepts(text) };
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  remembered.set(key, made);
  return made;
}

/** Why the pattern cannot be used; undefined: it can. */
export function faultOf(pattern: string): string | undefined {
  try {
    linear(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function compile(expression: Expression, ignoreCase: boolean): (text: string) => boolean {
  const program: Instruction[] = [];
  emit(program, expression);
  program.push({ op: 'match' });
  return (text) => run(program, text, ignoreCase);
}

function emit(program: Instruction[], node: Expression): void {
  if (program.length > MAX_INSTRUCTIONS) throw new SyntaxError('is too large');
  if (node.kind === 'set') program.push({ op: 'set', ranges: node.ranges, isInverse: node.isInverse ?? false });
  else if (node.kind === 'assert') program.push({ op: 'assert', what: node.what });
  else if (node.kind === 'sequence') for (const part of node.parts) emit(program, part);
  else if (node.kind === 'either') emitEither(program, node.parts);
  else emitRepeat(program, node);
}

function emitEither(program: Instruction[], parts: readonly Expression[]): void {
  const ends: { op: 'jump'; to: number }[] = [];
  for (const [index, part] of parts.entries()) {
    const split = { op: 'split', to: [0, 0] as [number, number] } as const;
    const isLast = index === parts.length - 1;
    if (!isLast) program.push(split);
    split.to[0] = program.length;
    emit(program, part);
    if (isLast) continue;
    const end: { op: 'jump'; to: number } = { op: 'jump', to: 0 };
    ends.push(end);
    program.push(end);
    split.to[1] = program.length;
  }
  for (const end of ends) end.to = program.length;
}

function emitRepeat(program: Instruction[], { part, min, max }: Extract<Expression, { kind: 'repeat' }>): void {
  for (let times = 0; times < min; times++) emit(program, part);
  if (max === Infinity) {
    const start = program.length;
    const split: [number, number] = [start + 1, 0];
    program.push({ op: 'split', to: split });
    emit(program, part);
    program.push({ op: 'jump', to: start });
    split[1] = program.length;
    return;
  }
  const splits: [number, number][] = [];
  for (let times = min; times < max; times++) {
    const split: [number, number] = [program.length + 1, 0];
    splits.push(split);
    program.push({ op: 'split', to: split });
    emit(program, part);
  }
  for (const split of splits) split[1] = program.length;
}

/** Every state that the text so far can lead to, once; a match may begin at each character. */
function run(program: readonly Instruction[], text: string, ignoreCase: boolean): boolean {
  const reached = new Int32Array(program.length).fill(-1);
  let states: number[] = [];
  for (let at = 0; at <= text.length; at++) {
    const next: number[] = [];
    if (follow(program, 0, text, at, reached, states)) return true;
    if (at === text.length) return false;
    const codes = ignoreCase ? foldings(text[at]!) : [text.charCodeAt(at)];
    for (const state of states) {
      const { ranges, isInverse } = program[state] as Extract<Instruction, { op: 'set' }>;
      const isIn = ranges.some(([from, to]) => codes.some((code) => from <= code && code <= to));
      if (isIn !== isInverse) if (follow(program, state + 1, text, at + 1, reached, next)) return true;
    }
    states = next;
  }
  return false;
}

const foldings = (character: string): number[] => [
  character.charCodeAt(0),
  character.toLowerCase().charCodeAt(0),
  character.toUpperCase().charCodeAt(0),
];

/** Adds the states that read a character and can be reached from here without one; true: the text matches. */
function follow(
  program: readonly Instruction[],
  from: number,
  text: string,
  at: number,
  reached: Int32Array,
  states: number[],
): boolean {
  const open = [from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (reached[state] === at) continue;
    reached[state] = at;
    const instruction = program[state]!;
    if (instruction.op === 'match') return true;
    if (instruction.op === 'set') states.push(state);
    else if (instruction.op === 'jump') open.push(instruction.to);
    else if (instruction.op === 'split') open.push(...instruction.to);
    else if (holds(instruction.what, text, at)) open.push(state + 1);
  }
  return false;
}

const isWord = (character: string | undefined): boolean => character !== undefined && /^\w$/.test(character);

function holds(what: 'start' | 'end' | 'boundary' | 'inside', text: string, at: number): boolean {
  if (what === 'start') return at === 0;
  if (what === 'end') return at === text.length;
  return (isWord(text[at - 1]) !== isWord(text[at])) === (what === 'boundary');
}
