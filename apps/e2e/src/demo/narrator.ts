/** Says each step in a line, and stops the demo at the first that did not happen. */
export class Narrator {
  private step = 0;

  constructor(private readonly say: (line: string) => void) {}

  happened(line: string): void {
    this.step++;
    this.say(`${String(this.step).padStart(2)}. ${line}`);
  }

  /** @throws if it is not so: the demo ends with a failure. */
  check(isSo: boolean, expected: string, instead: unknown): void {
    if (!isSo) throw new Error(`Expected: ${expected}. Instead: ${JSON.stringify(instead)}`);
  }

  detail(line: string): void {
    this.say(`      ${line}`);
  }
}
