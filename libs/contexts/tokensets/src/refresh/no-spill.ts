import { Spill } from './refresh.types.js';

/** For a process without a disk of its own: what dies between answer and commit is lost, and said to be. */
export class NoSpill extends Spill {
  override readonly node = null;
  override write(): Promise<void> {
    return Promise.resolve();
  }
  override remove(): Promise<void> {
    return Promise.resolve();
  }
  override release(): void {}
  override leftovers(): Promise<[]> {
    return Promise.resolve([]);
  }
  override setAside(): Promise<void> {
    return Promise.resolve();
  }
}
