import { missingScopes, type ResolvedProvider } from '@strongroom/providers';

/**
 * Whether a token with less than was granted can be had by a refresh. Not where a refresh ends the access token that
 * others hold: whoever wanted less would take it from those who did not.
 */
export const canNarrow = ({ entry: { refresh, tokenRequest } }: ResolvedProvider): boolean =>
  tokenRequest.refreshScope !== 'never' && !refresh.invalidatesAccessToken;

/** What the provider gave beyond what was asked, in any of its spellings. An answer that names nothing may be anything. */
export const isMoreThan = (provider: ResolvedProvider, asked: readonly string[], given: readonly string[]): boolean =>
  given.length === 0 || missingScopes(provider, [...given], [...asked]).length > 0;

const OF_THE_PART = ['insufficient_scope', 'step_up', 'admin_blocked', 'unknown'];

/**
 * Whether a refusal may be of the scopes that were asked for: one of them was taken back, or the provider does not know
 * the asking for less.
 */
export const isOfThePart = (answerClass: string): boolean => OF_THE_PART.includes(answerClass);
