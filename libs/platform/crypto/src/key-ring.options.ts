import type { DataSource } from 'typeorm';
import type { KeyLog } from './key-log.js';
import type { MasterKeys } from './master-keys.js';

export interface KeyRingOptions {
  database: DataSource;
  masterKeys: MasterKeys;
  /** Whose keys these are. The same in every process and for ever: it is part of how they are wrapped. */
  context: 'tokensets' | 'identity';
  logger?: KeyLog;
  /** Looks only: writes and creates nothing, runs nothing in the background, and no rotation waits for it. */
  isObserver?: boolean;
  /** How long an unwrapped key of a remote provider stays in memory. Default: 300. */
  masterKeyCacheSeconds?: number;
  /** How often the stored keys are looked at. Default: 5,000. */
  reloadMs?: number;
  /** Seals under one key after which an alarm is raised. Default: 2^28. */
  sealsAlarm?: number;
  /** Monotonic, milliseconds. */
  now?: () => number;
}
