import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';

/**
 * What a pattern says, if RE2 and everybody else read the same in it. RE2 decides about values, but what its dialect
 * alone knows, `\pL` or `[[:alpha:]]`, is other text to whoever judges the pattern before.
 *
 * @throws Error that says what is wrong with the pattern
 */
export function patternTree(pattern: string): AST.Pattern {
  const tree = parsed(pattern);
  visitRegExpAST(tree, {
    onCharacterEnter: ({ raw }) => refuse(!ALIKE.test(raw), raw),
    onCapturingGroupEnter: ({ name, raw }) => refuse(name !== null, raw),
    onGroupEnter: ({ modifiers, raw }) => refuse(modifiers !== null, raw),
    onCharacterClassEnter: ({ elements, raw }) => refuse(elements.length === 0 || namesClass(elements), raw),
  });
  return tree;
}

/** Of the escapes that are left in strict syntax; halves of a pair are one character to RE2. */
const ALIKE = /^(?:[^\\\ud800-\udfff]|\\(?:[nrtfv]|x[0-9A-Fa-f]{2}|[!-/:-@[-`{-~ ]))$/;

/** Strict: without what engines only tolerate, each in its own way. */
function parsed(pattern: string): AST.Pattern {
  try {
    return new RegExpParser({ strict: true }).parsePattern(pattern);
  } catch (error) {
    throw new Error((error as Error).message.replace(/^[^:]*: \/[^]*\/: /, ''), { cause: error });
  }
}

const namesClass = (elements: readonly AST.Node[]): boolean =>
  elements.some(({ raw }, index) => raw === '[' && elements[index + 1]?.raw.startsWith(':'));

function refuse(isReadOtherwise: boolean, raw: string): void {
  if (isReadOtherwise) throw new Error(`holds ${raw}, which is not read alike everywhere`);
}
