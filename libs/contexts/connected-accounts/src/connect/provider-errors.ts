import { looksSecret } from '@strongroom/contracts';
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

export function appErrorOf(code: string | null): AppError {
  const passed = code !== null && Object.hasOwn(PASSED_ON, code) ? PASSED_ON[code] : undefined;
  return passed
    ? { error: code!, description: passed }
    : { error: 'server_error', description: 'The provider refused to connect the account.' };
}

/** What an event may carry of a provider's code: a short word, and never what looks like a token. */
export const eventCode = (code: string | null): string | null =>
  code !== null && /^[\w.:-]{1,64}$/.test(code) && !looksSecret(code) ? code : null;
