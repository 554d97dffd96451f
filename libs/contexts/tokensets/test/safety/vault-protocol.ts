import type { ConnectionView } from '@strongroom/contracts';
import type { CrashPoint } from '../../src/refresh/crash-points.js';
import type { TokensetsOptions } from '../../src/tokensets.options.js';

/** Settings of a process that can be written as JSON. */
export type Settings = Partial<Omit<TokensetsOptions, 'databaseUrl' | 'masterKeys' | 'locks'>>;

/** What is broken on purpose, so that a suite can show that it would notice. */
export type Sabotage = 'no spill' | 'no journal' | 'no lease' | 'disk full' | 'store answers lost';

export interface VaultSettings {
  databaseUrl: string;
  masterKeys: string;
  settings: Settings;
  redisUrl: string | null;
  /** Of the machine, as this process sees it. */
  clockShiftMs: number;
  /** Each refresh held inside its commit keeps a connection. */
  poolSize: number;
  sabotage: Sabotage[];
  views: ConnectionView[];
}

/** An account at the provider, and whose it is here. */
export interface Account {
  personId: string;
  connectionId: string;
  /** At the provider. */
  grant: string;
  tokensetId: string;
}

/** What a caller was told. */
export type Told =
  | { serial: number; grant: string; isPart: boolean; expiresIn: number; refreshed: boolean }
  | { status: number; code: string; reason: string | null; cause: string | null; retryAfter: number | null };

/** What the process is asked, and what it answers. */
export interface Calls {
  redeem: { asks: { personId: string; connectionId: string; grant: string }; answer: { tokensetId: string } };
  /** So many callers of each at once. Scopes null: everything that was granted. */
  tokens: {
    asks: { accounts: { personId: string; connectionId: string; scopes: string[] | null }[]; callers: number };
    answer: Told[];
  };
  /** From now on a refresh of one of these stops at its point, and the parent is told. */
  hold: { asks: { points: [tokensetId: string, point: CrashPoint][] }; answer: null };
  /** Those that stand at their points go on, and nobody is held any more. */
  letGo: { asks: null; answer: null };
  /** Serial of the refresh token that is stored; null: none. */
  stored: { asks: { tokensetIds: string[] }; answer: Record<string, number | null> };
  /** A rotation of the installation key begins. */
  rekey: { asks: null; answer: null };
  keys: { asks: null; answer: { state: string; remaining: number; masterKeyId: string | null }[] };
  close: { asks: null; answer: null };
}

export type Asked = { [K in keyof Calls]: { id: number; call: K; asks: Calls[K]['asks'] } }[keyof Calls];
export type Said =
  | { said: 'up' }
  | { said: 'held'; tokensetId: string; point: CrashPoint }
  | { said: 'answer'; id: number; answer: unknown }
  | { said: 'failed'; id: number; error: string };
