import { textOf, wordsOf } from '../parts/words.js';
import type { Connection, ConnectionChanges } from './connections.queries.js';

/** Configured scopes, in whichever of their spellings they are kept. */
export const scopesOf = (scopes: unknown): string[] =>
  Array.isArray(scopes) ? scopes.map(String) : typeof scopes === 'string' ? scopes.split(/[\s,]+/).filter(Boolean) : [];

/**
 * The API takes options as a whole, so all that is kept goes along: other options, and the secret by its mask. A
 * display name that was emptied is taken away.
 */
export function changedConnection({ options }: Connection, values: FormData): ConnectionChanges {
  const { scope: _scope, allowed_scopes: _allowed, revoke_on_delete: _revoke, ...kept } = options;
  const scopes = wordsOf(values.get('scope'));
  const allowed = wordsOf(values.get('allowed_scopes'));
  const secret = textOf(values.get('client_secret'));
  return {
    display_name: textOf(values.get('display_name')) || null,
    connected_accounts: {
      active: values.get('vault') !== null,
      allow_missing_user_id: values.get('missing_user_id') !== null,
    },
    options: {
      ...kept,
      client_id: textOf(values.get('client_id')),
      ...(secret === '' ? {} : { client_secret: secret }),
      ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
      ...(allowed.length > 0 ? { allowed_scopes: allowed } : {}),
      ...(values.get('revoke_on_delete') === null ? {} : { revoke_on_delete: true }),
    },
  };
}
