import { rename } from 'node:fs/promises';
import { RefreshCore } from '../src/refresh/refresh-core.js';
import { ProcessWorld } from '../src/refresh/refresh-world.js';
import type { RefreshAnswer, RefreshStore, RefreshTerms, Rotation } from '../src/refresh/refresh.types.js';
import type { Bench } from './bench.js';

export interface Killed {
  tokensetId: string;
  rotation?: Rotation;
  graceSeconds?: number;
  narrowTo?: string[];
}

/**
 * A refresh of this process that got its answer and spilled it, and died before the commit: the lease, the attempt and
 * the file are there, as `kill -9` at P3b leaves them.
 */
export async function killedAtP3b(
  bench: Bench,
  { tokensetId, rotation = 'strict', graceSeconds = 0, narrowTo }: Killed,
) {
  const world = bench.app.get(ProcessWorld);
  const commit = () => Promise.reject(new Error('killed'));
  const dying = Object.assign(Object.create(world) as ProcessWorld, {
    store: Object.assign(Object.create(world.store) as RefreshStore, { commit }),
    alive: () => false,
    report: () => undefined,
    unstored: () => undefined,
  });
  const terms: RefreshTerms = {
    tokensetId,
    tokenOrigin: bench.provider.url,
    formerTokenOrigins: [],
    rotation,
    graceSeconds,
    reserveSeconds: 60,
    atVersion: null,
    narrowTo: narrowTo ?? null,
    kind: 'on_demand',
    actor: { kind: 'client', id: 'app' },
  };
  const outcome = await new RefreshCore(dying)
    .refresh(terms, (token) => refreshedAt(bench.provider.url, token), false)
    .catch((error: Error) => error.message);
  if (outcome !== 'killed') throw new Error(`was to be killed: ${JSON.stringify(outcome)}`);
  bench.provider.calls.length = 0;
}

/** Ends the process without a word to anybody: what is spilled stays. */
export async function ended(bench: Bench, spillDir: string): Promise<void> {
  await rename(spillDir, `${spillDir}.out-of-reach`);
  await bench.app.close();
  await rename(`${spillDir}.out-of-reach`, spillDir);
}

async function refreshedAt(url: string, token: string): Promise<RefreshAnswer> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token });
  const answer = await fetch(`${url}/token`, { method: 'POST', body: form });
  const body = (await answer.json()) as Record<string, string | undefined>;
  return {
    outcome: 'tokens',
    accessToken: body['access_token']!,
    refreshToken: body['refresh_token'] ?? null,
    scopes: ['read', 'write'],
    expiresAt: new Date(Date.now() + 3_600_000),
    refreshExpiresAt: null,
    brought: { params: {}, extras: {} },
  };
}
