import type pg from 'pg';
import type { InstallationAddress } from './installation.js';

/** An installation that a test starts, ends, kills and starts again; what it has stored outlives it. */
export interface Server {
  readonly url: string;
  readonly address: InstallationAddress;
  /** All that its processes have said. */
  readonly output: string;
  /** Everything of it that lies in files. */
  readonly dataDir: string;
  /** Starts again on the same data; as if from a terminal with `ownGroup`. */
  start(options?: { ownGroup?: boolean }): Promise<void>;
  /** Ends it in order; the exit code, the highest of several. */
  stop(): Promise<number | null>;
  /** Ctrl-C, after a start with `ownGroup`; the exit code. */
  interrupt(): Promise<number | null>;
  /** `kill -9` of every process of ours. */
  kill(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
  /** Its database, with every right. */
  database(): Promise<pg.Client>;
  /** Where else something of it may lie: topics with keys, headers and values; what Redis holds and was told. */
  elsewhere(): Promise<Map<string, Buffer>>;
  /** Puts made-up secrets there: into a header, a value and Redis. */
  plant(secrets: readonly string[]): Promise<void>;
  /** Where each of its processes tells its metrics. */
  readonly metricsUrls: readonly string[];
  /** What Node holds of the machine's memory, by process; Linux only. */
  residentMebibytes(): Record<string, number>;
}
