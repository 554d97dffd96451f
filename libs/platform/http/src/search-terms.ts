import { z } from 'zod';

/** Each is looked for in every line that is read. */
const MOST_TERMS = 10;

/** One thing that what is looked for must be. */
export interface SearchTerm {
  /** Where to look; null: in any member. */
  member: string | null;
  /** Whole and without case. In a word `*` is anything, in a phrase it is itself. */
  text: string;
  isPhrase: boolean;
}

const TERM = /\s*(?:AND\s+)?(?:([a-z_]+):)?(?:"([^"]*)"|(?!-|(?:AND|OR|NOT)(?:\s|$))([^\s"()[\]{}~^?!:\\&]+))(?=\s|$)/y;

/**
 * `q` of a list: the part of Auth0's search syntax in which everything must fit. What is beyond it, OR, NOT, ranges, is
 * refused: left out it would find something else than was asked for.
 */
export const searchQuery = (members: readonly string[]) =>
  z
    .string()
    .max(500)
    .transform((q, context): SearchTerm[] => {
      const terms = termsOf(q.trim());
      if (
        terms &&
        terms.length <= MOST_TERMS &&
        terms.every(({ member }) => member === null || members.includes(member))
      )
        return terms;
      context.addIssue(
        `must be up to ${MOST_TERMS} of word, member:word and member:"a phrase", all of which fit; members are ${members.join(', ')}`,
      );
      return z.NEVER;
    });

/** Undefined: there is something else in it, or nothing. */
function termsOf(q: string): SearchTerm[] | undefined {
  const terms: SearchTerm[] = [];
  TERM.lastIndex = 0;
  do {
    const found = TERM.exec(q);
    if (!found) return undefined;
    const [, member = null, phrase, word] = found;
    terms.push({ member, text: phrase ?? word!, isPhrase: phrase !== undefined });
  } while (TERM.lastIndex < q.length);
  return terms;
}

/** For `LIKE`, whose escape character is a backslash. */
export function likePattern({ text, isPhrase }: SearchTerm): string {
  const literal = text.replace(/[\\%_]/g, '\\$&');
  return isPhrase ? literal : literal.replaceAll('*', '%');
}
