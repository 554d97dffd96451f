import { encode } from './encoding.js';
import type { ClientAuthMethod, ProviderEntry } from './provider-entry.js';
import { ConnectionMisconfiguredError } from './providers.errors.js';
import type { ResolvedProvider } from './resolved-provider.js';

export type Members = [string, string][];
export interface ClientAuthentication {
  headers: Record<string, string>;
  members: Members;
}
export interface ClientCredentials {
  /** Null: the client is public. */
  clientSecret: string | null;
  /** RFC 7523, signed by the caller for this one call. */
  clientAssertion?: string;
}

/** Proof of who we are, for the token endpoint and those that ask for it in the same way. */
export function clientAuthentication(
  resolved: ResolvedProvider,
  phase: 'exchange' | 'refresh',
  credentials: ClientCredentials,
): ClientAuthentication {
  const accepted = acceptedMethods(resolved, phase);
  const method = accepted.find((one) => isUsable(one, credentials));
  if (!method) throw new ConnectionMisconfiguredError(`client authentication by ${accepted.join(', ')} is not offered`);
  return by(method, resolved, credentials);
}

/** Where refreshes authenticate otherwise, what the administrator chose counts only if it is one of theirs. */
function acceptedMethods({ entry, clientAuthMethods }: ResolvedProvider, phase: string): ClientAuthMethod[] {
  const refresh = phase === 'refresh' ? entry.clientAuth.refreshMethods : undefined;
  if (!refresh) return clientAuthMethods;
  const [chosen, ...others] = clientAuthMethods;
  return others.length === 0 && refresh.includes(chosen!) ? [chosen!] : refresh;
}

/** Keys and certificates in place of a secret are not offered yet; the next method the provider takes is used. */
const isUsable = (method: ClientAuthMethod, { clientAssertion }: ClientCredentials): boolean =>
  SECRETS.includes(method) || (method === 'private_key_jwt' && clientAssertion !== undefined);

const SECRETS: readonly ClientAuthMethod[] = [
  'client_secret_basic',
  'client_secret_post',
  'none',
  'secret_as_basic_username',
  'secret_as_bearer',
];

function by(
  method: ClientAuthMethod,
  { clientId, entry }: ResolvedProvider,
  { clientSecret: secret, clientAssertion }: ClientCredentials,
): ClientAuthentication {
  const id: Members = [['client_id', clientId]];
  if (method === 'private_key_jwt' && clientAssertion !== undefined)
    return {
      headers: {},
      members: [
        ...id,
        ['client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
        ['client_assertion', clientAssertion],
      ],
    };
  if (method === 'none' || secret === null) return { headers: {}, members: id };
  if (method === 'client_secret_post') return { headers: {}, members: [...id, ['client_secret', secret]] };
  if (method === 'secret_as_bearer') return { headers: bearer(secret), members: [] };
  if (method === 'secret_as_basic_username') return { headers: basic(entry, secret, ''), members: [] };
  return { headers: basic(entry, clientId, secret), members: [] };
}

/** RFC 6749 §2.3.1 encodes both before they are joined: a colon in an id would otherwise move the border. */
export function basic({ clientAuth }: ProviderEntry, id: string, secret: string): Record<string, string> {
  const [name, key] = clientAuth.basicEncoding === 'raw' ? [id, secret] : [encode(id), encode(secret)];
  return { Authorization: `Basic ${Buffer.from(`${name}:${key}`).toString('base64')}` };
}

export const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });
