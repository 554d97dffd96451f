import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Definition<Label extends string> {
  /** `strongroom_<what>_<unit or total>`. */
  name: `strongroom_${string}`;
  help: string;
  labels?: readonly Label[];
}

/** Values of the labels that a metric was made with, all of them. */
export type LabelValues<Label extends string> = Readonly<Record<Label, string>>;

export interface Sample<Label extends string> {
  labels: LabelValues<Label>;
  value: number;
}

export type Reader<Label extends string> = () => readonly Sample<Label>[] | Promise<readonly Sample<Label>[]>;

/** What a label may hold: ids, states and classes. A text with anything else in it is nobody's name here. */
const LABEL = /^[\w.:-]{0,64}$/;
const OTHER = 'other';

/**
 * What one process counts, in a registry of its own, so that several applications in one process do not add up. A label
 * never carries a secret or a person: values outside of ids and classes become `other`.
 */
export class Metrics {
  private readonly registry = new Registry();
  private readonly readers = new Map<string, Reader<string>[]>();

  /** With what Node says of the process itself: memory, processor time, event loop, collections. */
  static ofProcess(): Metrics {
    const metrics = new Metrics();
    collectDefaultMetrics({ register: metrics.registry });
    return metrics;
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** In Prometheus' text format. Gauges of `gauge(…, read)` are asked now. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  counter<Label extends string = never>(
    definition: Definition<Label>,
  ): (labels: LabelValues<Label>, by?: number) => void {
    const counter = new Counter({ ...this.made(definition) });
    return (labels, by = 1) => counter.inc(safe(labels), by);
  }

  /** Also counts and adds up: `_count`, `_sum`. */
  histogram<Label extends string = never>(
    definition: Definition<Label> & { buckets: readonly number[] },
  ): (labels: LabelValues<Label>, value: number) => void {
    const histogram = new Histogram({ ...this.made(definition), buckets: [...definition.buckets] });
    return (labels, value) => histogram.observe(safe(labels), value);
  }

  gauge<Label extends string = never>(
    definition: Definition<Label>,
  ): (labels: LabelValues<Label>, value: number) => void {
    const gauge = new Gauge({ ...this.made(definition) });
    return (labels, value) => gauge.set(safe(labels), value);
  }

  /**
   * Asked when somebody scrapes; what it no longer says is gone from the answer. Where several say something under one
   * name the answer has all of it. One that fails is missing from that answer, and all others are there.
   */
  gaugeOf<Label extends string = never>(definition: Definition<Label>, read: Reader<Label>): void {
    this.read(definition, read, () => {
      const gauge: Gauge = new Gauge({
        ...this.made(definition),
        collect: () => this.collected(definition.name, gauge, ({ labels, value }) => gauge.set(safe(labels), value)),
      });
    });
  }

  /** The same for a total that somebody else keeps. */
  counterOf<Label extends string = never>(definition: Definition<Label>, read: Reader<Label>): void {
    this.read(definition, read, () => {
      const counter: Counter = new Counter({
        ...this.made(definition),
        collect: () =>
          this.collected(definition.name, counter, ({ labels, value }) => counter.inc(safe(labels), value)),
      });
    });
  }

  private read({ name }: Definition<string>, read: Reader<string>, make: () => void): void {
    const known = this.readers.get(name);
    if (known) return void known.push(read);
    this.readers.set(name, [read]);
    make();
  }

  private async collected(name: string, metric: Gauge | Counter, set: (sample: Sample<string>) => void): Promise<void> {
    // An absence says it: a metric that nobody has set would be a 0 otherwise.
    const answers = await Promise.allSettled((this.readers.get(name) ?? []).map(async (read) => read()));
    metric.reset();
    if (answers.some(({ status }) => status === 'rejected')) metric.remove();
    for (const answer of answers) if (answer.status === 'fulfilled') answer.value.forEach(set);
  }

  private made({ name, help, labels = [] }: Definition<string>) {
    return { name, help, labelNames: [...labels], registers: [this.registry] };
  }
}

const safe = (labels: LabelValues<string>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, LABEL.test(value) ? value : OTHER]));
