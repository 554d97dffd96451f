import type { Definition, Metrics, Sample } from './metrics.js';

/** What a key ring counts; that of `@strongroom/crypto` fits. */
export interface CountedKeys {
  readonly seals: ReadonlyMap<string, number>;
  readonly opens: ReadonlyMap<string, number>;
  readonly failures: ReadonlyMap<string, number>;
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

/** The counters of one context's keys (`spec/encryption.md` §6). Kinds and causes, no ids: there is a key per account. */
export function showKeys(metrics: Metrics, context: string, counters: () => CountedKeys): void {
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
  metrics.counterOf(
    name('failures', 'Values and keys that did not open, by cause.', ['context', 'cause']),
    by('cause', () => counters().failures),
  );
  metrics.counterOf(name('cache_requests', 'Tokenset keys that were asked for.', ['context', 'result']), () => [
    { labels: { context, result: 'hit' }, value: counters().cacheHits },
    { labels: { context, result: 'miss' }, value: counters().cacheMisses },
  ]);
}
