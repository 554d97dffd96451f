import { randomUUID } from 'node:crypto';
import type { MasterKeys } from '@strongroom/crypto';
import type { Budget, Budgets, Locks } from '@strongroom/locking';

/** What a write that was begun within a shutdown's patience may still take. */
export const LAST_WRITE_MS = 5_000;

/** Defaults and meaning: `spec/refresh.md` §2. */
export interface TokensetsOptions {
  databaseUrl: string;
  masterKeys: MasterKeys;
  /** Shared between processes where there are several; in this process otherwise. */
  locks?: Locks;
  /** The same: of all processes together, or of this one. */
  budgets?: Budgets;
  /** UUID of this process's place, the same after a restart. Without it the installation has one node only. */
  node?: string;
  /** N: least life of a token handed out. */
  minimumSeconds?: number;
  /** How long an exchange waits for a refresh. */
  refreshWaitMs?: number;
  /** One refresh, from connect to the last byte. */
  refreshTimeoutMs?: number;
  strictTakeoverSeconds?: number;
  /** How long an unwrapped key of a key service stays in memory. */
  masterKeyCacheSeconds?: number;
  /** How fast a rotation of the installation key goes through the stored keys. */
  rewrapRowsPerSecond?: number;
  /** This process's own directory for what is not in the database yet. It says which node this is, before `node`. */
  spillDir?: string;
  /** Refreshes of one connection at one token host. */
  refreshBudget?: Partial<Budget>;
  /** A tokenset that nobody has used for so long is deleted. */
  unusedTokensetDays?: number;
  /** Whether people find their own page at the public URL. */
  hasDashboard?: boolean;
}

/** The options with their defaults, and who this process is. */
export class TokensetsSettings {
  readonly node: string | null;
  /** New at every start. */
  readonly bootId = randomUUID();
  readonly minimumSeconds: number;
  readonly refreshWaitMs: number;
  readonly refreshTimeoutMs: number;
  readonly strictTakeoverSeconds: number;
  readonly spillDir: string | null;
  readonly refreshBudget: Budget;
  readonly unusedTokensetDays: number;
  readonly hasDashboard: boolean;

  constructor(options: Omit<TokensetsOptions, 'databaseUrl' | 'masterKeys'> = {}) {
    this.node = options.node ?? null;
    this.minimumSeconds = options.minimumSeconds ?? 30;
    this.refreshWaitMs = options.refreshWaitMs ?? 8_000;
    this.refreshTimeoutMs = options.refreshTimeoutMs ?? 30_000;
    this.strictTakeoverSeconds = options.strictTakeoverSeconds ?? 600;
    this.spillDir = options.spillDir ?? null;
    this.refreshBudget = { perSecond: 50, burst: 100, inFlight: 32, ...options.refreshBudget };
    this.unusedTokensetDays = options.unusedTokensetDays ?? 365;
    this.hasDashboard = options.hasDashboard ?? false;
  }

  /** How long a shutdown lets what came from a provider wait for the store. */
  get patienceMs(): number {
    return this.refreshTimeoutMs + 15_000;
  }

  /** A strict lease outlives the send; the others are short and renewed while it runs. */
  leaseSeconds(rotation: string): number {
    return rotation === 'strict' ? this.refreshTimeoutMs / 1000 + 15 : 5;
  }
}
