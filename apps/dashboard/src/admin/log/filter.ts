import { exactly } from '../parts/search.js';

export const TYPES = [
  { type: 'seta', label: 'Token exchanged' },
  { type: 'feta', label: 'Exchange refused' },
  { type: 'connected_accounts_connection_succeeded', label: 'Account connected' },
  { type: 'connected_accounts_connection_failed', label: 'Connecting failed' },
  { type: 'connected_accounts_delete_succeeded', label: 'Account disconnected' },
  { type: 'connected_accounts_revocation', label: 'Tokens ended at the provider' },
  { type: 'sapi', label: 'Changed by management' },
  { type: 'sdu', label: 'Person deleted' },
] as const;

/** What entries are looked for by; empty: all of them. */
export interface Wanted {
  type: string;
  application: string;
  /** By its name. */
  connection: string;
  person: string;
}

export const queryOf = ({ type, application, connection, person }: Wanted): string =>
  [
    exactly('type', type),
    exactly('client_id', application),
    exactly('connection', connection),
    exactly('user_id', person),
  ]
    .filter(Boolean)
    .join(' ');
