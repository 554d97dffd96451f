import type { ConnectionView, IssuedToken, VaultPolicy } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { ClientPolicyError } from './exchange.errors.js';

/** The policy with every spelling of the scopes that it lists: a provider may grant in other words than it was asked in. */
export function spelledOut<Policy extends VaultPolicy | undefined>(
  policy: Policy,
  { scopeSpellings = [] }: Pick<ConnectionView, 'scopeSpellings'>,
): Policy {
  const listed = policy?.scopes;
  if (!listed) return policy;
  const others = scopeSpellings.filter((spellings) => spellings.some((scope) => listed.includes(scope))).flat();
  return others.length === 0 ? policy : { ...policy, scopes: [...listed, ...others] };
}

/**
 * Everything that a client's policy says before the vault is asked (`spec/wire-contract.md` §1.3, step 8).
 *
 * @throws ClientPolicyError 403 that names the rule
 */
export function demandWithinPolicy(policy: VaultPolicy, connection: string, asked: string[] | null): void {
  if (policy.expiresAt !== null && Date.parse(policy.expiresAt) <= Date.now())
    throw new ClientPolicyError('expires_at');
  if (policy.connections !== null && !policy.connections.includes(connection))
    throw new ClientPolicyError('connections');
  // Also of a provider without scopes, whose tokens carry none that could be compared.
  if (policy.scopes?.length === 0) throw new ClientPolicyError('scopes');
  if (asked !== null && scopesWithin(policy, asked).length < asked.length) throw new ClientPolicyError('scopes');
}

/** Those of the scopes that the policy lets through. */
const scopesWithin = (policy: VaultPolicy, scopes: string[]): string[] =>
  policy.scopes === null ? scopes : scopes.filter((scope) => policy.scopes!.includes(scope));

/**
 * The scopes to ask for where a list already says which; null: there is none.
 *
 * @throws ClientPolicyError 403 if the policy lets none of them through
 */
export function boundedScopes(policy: VaultPolicy | undefined, listed: string[] | null): string[] | null {
  if (!policy || listed === null) return listed;
  const within = scopesWithin(policy, listed);
  if (within.length === 0) throw new ClientPolicyError('scopes');
  return within;
}

/**
 * The token that may leave. What it carries counts, not what was asked for: where it is more, the vault is asked
 * again for the part that the policy lets through, which the provider has to make anew.
 *
 * @param asked what the request named; null: it left that to us
 * @throws ClientPolicyError 403 if there is no such part, or the provider cannot make it
 */
export async function withinPolicy(
  policy: VaultPolicy,
  issued: IssuedToken,
  asked: string[] | null,
  again: (scopes: string[]) => Promise<IssuedToken>,
): Promise<IssuedToken> {
  const within = scopesWithin(policy, issued.scopes);
  if (within.length === issued.scopes.length) return issued;
  if (asked !== null || within.length === 0) throw new ClientPolicyError('scopes');
  const narrowed = await again(within).catch(inWordsOfPolicy);
  if (scopesWithin(policy, narrowed.scopes).length < narrowed.scopes.length) throw new ClientPolicyError('scopes');
  return narrowed;
}

/** It was the policy that asked for less, so that is what is to be changed. */
export function inWordsOfPolicy(error: unknown): never {
  const isNotNarrowable = error instanceof VaultError && error.details?.['reason'] === 'scope_not_narrowable';
  throw isNotNarrowable ? new ClientPolicyError('scopes_not_narrowable', error.audit?.['accountId']) : error;
}
