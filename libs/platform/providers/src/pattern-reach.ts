import { type AST, visitRegExpAST } from '@eslint-community/regexpp';
import { linear } from './linear-expression.js';
import { patternTree } from './pattern-tree.js';

/** What a text that a pattern admits can be; a little too much rather than too little. */
export interface PatternReach {
  /** Only a whole text can match. */
  isAnchored: boolean;
  /** The text that every match ends with, as far as it is fixed. */
  fixedEnd: string;
  /** A character that a match may hold and that is forbidden; undefined: there is none. */
  firstOf(forbidden: RegExp): string | undefined;
}

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
/** Stands for all others: a class that admits one of them is not meant to be of a host. */
const OTHERS = ['é', 'Ω', '\u2024', '\u3002', '\uff0f'];

/** @throws Error if the pattern is none that `linear` takes */
export function reachOf(pattern: string): PatternReach {
  const tree = patternTree(pattern);
  const leaves: string[] = [];
  const add = ({ raw }: { raw: string }) => leaves.push(raw);
  let isWide = false;
  visitRegExpAST(tree, {
    onCharacterEnter: (leaf) => {
      isWide ||= leaf.value > 0x7f;
      if (!leaf.parent.type.startsWith('CharacterClass')) add(leaf);
    },
    onCharacterSetEnter: (leaf) => leaf.parent.type === 'CharacterClass' || add(leaf),
    onCharacterClassEnter: add,
  });
  return {
    isAnchored: tree.alternatives.every(isAnchored),
    fixedEnd: tree.alternatives.length === 1 ? endOf(tree.alternatives[0]!.elements) : '',
    firstOf: (forbidden) => {
      const candidates = [...ASCII, ...OTHERS].filter((char) => forbidden.test(char));
      if (isWide && forbidden.test(OTHERS[0]!)) return OTHERS[0];
      return leaves
        .map((raw) => candidates.find((char) => linear(`^${raw}$`).test(char)))
        .find((char) => char !== undefined);
    },
  };
}

function isAnchored({ elements }: AST.Alternative): boolean {
  const [first, last] = [elements[0], elements.at(-1)];
  return elements.length > 1 && isEdge(first, 'start') && isEdge(last, 'end');
}

const isEdge = (element: AST.Element | undefined, kind: 'start' | 'end'): boolean =>
  element?.type === 'Assertion' && element.kind === kind;

/** Backwards until something may differ. */
function endOf(elements: readonly AST.Element[]): string {
  let end = '';
  for (const element of elements.toReversed()) {
    if (element.type === 'Assertion') continue;
    if (element.type !== 'Character') return end;
    end = String.fromCodePoint(element.value) + end;
  }
  return end;
}
