import { looksSecret } from '@strongroom/contracts';
import type { ErrorClass } from '@strongroom/providers';
import type { AppError } from './way-back.js';

/** Codes of a provider that an app may see as they are, `spec/connect-flow.md` §6; with words of ours. */
const PASSED_ON: Record<string, string> = {
  access_denied: 'The person did not agree to connect the account.',
  login_required: 'The provider needs the person to sign in.',
  consent_required: 'The provider needs the consent of the person.',
  interaction_required: 'The provider needs the person to do something.',
  account_selection_required: 'The provider needs the person to choose an account.',
  invalid_scope: 'The provider does not know, or does not grant, one of the scopes.',
  temporarily_unavailable: 'The provider is not available for the moment. Try again later.',
};

/** The class says what happened, whatever the provider called it: only a person's own no is told as one. */
const IN_WORDS: Partial<Record<ErrorClass, string>> = {
  admin_blocked: 'An administrator at the provider has to allow this first.',
};

export function appErrorOf({ class: kind, code: said }: { class: ErrorClass; code: string | null }): AppError {
  const code = kind === 'user_denied' ? 'access_denied' : said;
  const passed = code !== null && Object.hasOwn(PASSED_ON, code) ? PASSED_ON[code] : undefined;
  return {
    error: passed ? code! : 'server_error',
    description: IN_WORDS[kind] ?? passed ?? 'The provider refused to connect the account.',
  };
}

/** What an event may carry of a provider's code: a short word, and never what looks like a token. */
export const eventCode = (code: string | null): string | null =>
  code !== null && /^[\w.:-]{1,64}$/.test(code) && !looksSecret(code) ? code : null;
