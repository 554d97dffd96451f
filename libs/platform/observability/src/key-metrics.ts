import type { Definition, Metrics, Sample } from './metrics.js';

/** What a key ring counts; that of `@strongroom/crypto` fits. */
export interface CountedKeys {
  readonly seals: ReadonlyMap<string, number>;
  readonly opens: ReadonlyMap<string, number>;
  readonly failures: ReadonlyMap<string, number>;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  sealsUnder(keyId: string): number;
}

/** A context's key ring. */
export interface CountedRing {
  readonly counters: CountedKeys;
  primary(): { readonly id: string };
}

/**
 * The counters of one context's keys (`spec/encryption.md` §6). Kinds and causes; of ids that of the installation key
 * alone, for there is another key per account, and what seals too often under one of those is logged.
 */
export function showKeys(metrics: Metrics, context: string, ring: CountedRing): void {
  const counters = () => ring.counters;
  const by =
    <Label extends string>(label: Label, counts: () => ReadonlyMap<string, number>) =>
    (): Sample<'context' | Label>[] =>
      [...counts()].map(([name, value]) => ({
        labels: { context, [label]: name } as Record<Label | 'context', string>,
        value,
      }));
  const name = <const Label extends string>(
    what: string,
    help: string,
    labels: readonly Label[],
  ): Definition<Label> => ({
    name: `strongroom_key_${what}_total`,
    help,
    labels,
  });
  metrics.counterOf(
    name('seals', 'Values sealed, by kind.', ['context', 'kind']),
    by('kind', () => counters().seals),
  );
  metrics.counterOf(
    name('opens', 'Values opened, by kind.', ['context', 'kind']),
    by('kind', () => counters().opens),
  );
  metrics.gaugeOf(
    {
      name: 'strongroom_installation_key_seals',
      help: 'Seals by this process under the installation key in use; 2^28 is far too many.',
      labels: ['context', 'key'],
    },
    () => {
      const key = ring.primary().id;
      return [{ labels: { context, key }, value: counters().sealsUnder(key) }];
    },
  );
  metrics.counterOf(
    name('failures', 'Values and keys that did not open, by cause.', ['context', 'cause']),
    by('cause', () => counters().failures),
  );
  metrics.counterOf(name('cache_requests', 'Tokenset keys that were asked for.', ['context', 'result']), () => [
    { labels: { context, result: 'hit' }, value: counters().cacheHits },
    { labels: { context, result: 'miss' }, value: counters().cacheMisses },
  ]);
}
