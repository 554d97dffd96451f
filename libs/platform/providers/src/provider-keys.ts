import type { Egress } from '@strongroom/egress';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { ProviderUnavailableError } from './providers.errors.js';
import { readBody } from './read-body.js';

interface KeptKeys {
  keys: JWTVerifyGetKey;
  fetchedAt: number;
}

const REFETCH_MS = 30_000;
const KEPT_MS = 3_600_000;
const MAX_KEYS = 50;
const MAX_PROVIDERS = 1000;
/** Per client of the outside, so that two of them in one process never share. */
const kept = new WeakMap<object, Map<string, KeptKeys>>();

/** A provider's keys, kept for an hour; fetched again for a key id nobody knows, at most every 30 s. */
export const providerKeys =
  (egress: Pick<Egress, 'request'>, url: string, now: Date): JWTVerifyGetKey =>
  async (header, token) => {
    const cache = kept.get(egress) ?? new Map<string, KeptKeys>();
    kept.set(egress, cache);
    let known = cache.get(url);
    if (!known || now.getTime() - known.fetchedAt >= KEPT_MS) known = await fetchInto(cache, egress, url, now);
    try {
      return await known.keys(header, token);
    } catch (cause) {
      if (!(cause instanceof errors.JWKSNoMatchingKey) || now.getTime() - known.fetchedAt < REFETCH_MS) throw cause;
      return (await fetchInto(cache, egress, url, now)).keys(header, token);
    }
  };

async function fetchInto(
  cache: Map<string, KeptKeys>,
  egress: Pick<Egress, 'request'>,
  url: string,
  now: Date,
): Promise<KeptKeys> {
  const answer = await egress.request({ method: 'GET', url, headers: { Accept: 'application/json' } });
  const body = answer.status === 200 ? (readBody(answer, ['json']) as JSONWebKeySet | undefined) : undefined;
  if (!Array.isArray(body?.keys) || body.keys.length > MAX_KEYS) throw new ProviderUnavailableError('its keys');
  const fetched = { keys: createLocalJWKSet(body) as JWTVerifyGetKey, fetchedAt: now.getTime() };
  cache.delete(url);
  if (cache.size >= MAX_PROVIDERS) cache.delete(cache.keys().next().value!);
  cache.set(url, fetched);
  return fetched;
}
