import type { Observation } from './observations.js';

/** What a run was made of: histories in which nothing happens prove nothing. */
export class Tally {
  private readonly counts = new Map<string, number>();
  private reason: string | null = null;
  private readonly tokens = new Set<string>();

  add(seen: Observation): void {
    if (seen.saw === 'setting') this.begin();
    if (seen.saw === 'command') this.count('lines');
    if (seen.saw === 'kill' || seen.saw === 'boot' || seen.saw === 'reuse') this.count(seen.saw);
    if (seen.saw === 'heard') this.count(`heard ${seen.answer}`);
    if (seen.saw === 'spilled') this.count(seen.failed ? 'not spilled' : 'spilled');
    if (seen.saw === 'send') {
      const token = `${seen.token.grant}.${seen.token.serial}`;
      this.count(this.tokens.has(token) ? 'resent' : 'sent');
      this.tokens.add(token);
    }
    if (seen.saw !== 'durable') return;
    const { row, attempts } = seen.snapshot;
    if (row && row.reason !== this.reason) this.count(row.reason ?? (row.version > 1 ? 'recovered' : ''));
    this.reason = row?.reason ?? null;
    if (attempts.some(({ state }) => state === 'superseded')) this.superseded = true;
  }

  private superseded = false;

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  toString(): string {
    return [...this.counts].map(([what, count]) => `${count} ${what}`).join(', ');
  }

  private begin(): void {
    if (this.superseded) this.count('superseded');
    this.superseded = false;
    this.tokens.clear();
    this.reason = null;
  }

  private count(what: string): void {
    this.counts.set(what, this.of(what) + 1);
  }
}
