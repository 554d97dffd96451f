/** Numbers that look random and come again with the same seed, which a failing run has printed. */
export class Seeded {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed >>> 0;
  }

  /** `STRONGROOM_SAFETY_SEED`, else another one at every run. */
  static now(): Seeded {
    return new Seeded(Number(process.env['STRONGROOM_SAFETY_SEED'] ?? Date.now() % 2 ** 31));
  }

  /** A whole number from 0, below `end`. */
  below(end: number): number {
    // Marsaglia's xorshift on a Weyl sequence: good enough to choose places, never keys.
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % end;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
