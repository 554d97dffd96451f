import type { AST } from '@eslint-community/regexpp';
import { RE2JS } from 're2js';
import { patternTree } from './pattern-tree.js';

/** A regular expression that takes time in proportion to the text, whatever the text and the expression are. */
export interface LinearExpression {
  test(text: string): boolean;
}

const MAX_PATTERN = 1000;
const MOST_REMEMBERED = 2000;
const remembered = new Map<string, LinearExpression>();

/**
 * Values and error texts are written by people and providers, expressions by operators: with backtracking, one of
 * them could stop the process with a text of forty letters. RE2 never goes back, so it knows neither look-around nor
 * references; one `^(?!…)` in front is two expressions here, because patterns of hosts need it.
 *
 * @throws Error that says what is wrong with the pattern
 */
export function linear(pattern: string, flags: '' | 'i' = ''): LinearExpression {
  const key = `${flags}/${pattern}`;
  const known = remembered.get(key);
  if (known) return known;
  const made = compiled(pattern, flags === 'i' ? RE2JS.CASE_INSENSITIVE : 0);
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

function compiled(pattern: string, flags: number): LinearExpression {
  if (pattern.length > MAX_PATTERN) throw new Error(`is longer than ${MAX_PATTERN} characters`);
  const [refused, rest] = withoutRefusal(pattern);
  const accepts = RE2JS.compile(rest, flags);
  const refuses = refused === undefined ? undefined : RE2JS.compile(`^(?:${refused})`, flags);
  return { test: (text) => !refuses?.matcher(text).find() && accepts.matcher(text).find() };
}

/** What stands in a leading `^(?!…)`, and the pattern without it. */
function withoutRefusal(pattern: string): [string | undefined, string] {
  const { alternatives } = patternTree(pattern);
  const [start, refusal] = alternatives[0]!.elements;
  if (start?.raw !== '^' || !isRefusal(refusal)) return [undefined, pattern];
  if (alternatives.length > 1) throw new Error('refuses with ^(?!…) in one of several alternatives');
  return [refusal.raw.slice('(?!'.length, -1), `^(?:${pattern.slice(refusal.end)})`];
}

const isRefusal = (element: AST.Element | undefined): element is AST.LookaheadAssertion =>
  element?.type === 'Assertion' && element.kind === 'lookahead' && element.negate;
