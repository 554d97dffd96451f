import { appendFileSync, readFileSync } from 'node:fs';
import type { Rotation } from '../../src/refresh/refresh.types.js';

/** A refresh token of the model's provider: the how-manieth of which grant. */
export interface Token {
  grant: number;
  serial: number;
}

export interface SeenAttempt {
  id: string;
  state: string;
  base: number;
  fence: number;
  node: string;
  boot: string;
}

/** The row of the tokenset with what is sealed in it. */
export interface SeenRow {
  status: string;
  reason: string | null;
  version: number;
  fence: number;
  /** By the database's clock, in milliseconds. */
  leaseUntil: number | null;
  leaseOwner: string | null;
  /** Null: erased. */
  refresh: Token | null;
  access: Token | null;
}

export interface SeenEvent {
  type: string;
  sequence: number;
  version: number | null;
}

/** Everything that is durable, seen through a connection of the model's own. */
export interface Snapshot {
  row: SeenRow | null;
  attempts: SeenAttempt[];
  events: SeenEvent[];
}

/** One thing that was seen from outside the product. A history is a list of them. */
export type Observation = { at: number } & (
  | { saw: 'setting'; rotation: Rotation; graceMs: number; takeoverMs: number; timeoutMs: number }
  | { saw: 'command'; command: string }
  /** A person signed in: a grant that we were given, with its first token. */
  | { saw: 'granted'; token: Token }
  | { saw: 'boot'; node: string; boot: string }
  | { saw: 'beat'; node: string; boot: string }
  /** It has said to the others that no answer of it is outstanding. */
  | { saw: 'left'; node: string }
  | { saw: 'kill'; node: string; boot: string }
  | { saw: 'send'; id: number; elapsed: number; node: string; boot: string; token: Token; snapshot: Snapshot }
  /** The provider did what was asked; `newest` is what it issued. */
  | { saw: 'acted'; id: number; newest: Token | null }
  /** The sender heard something: tokens, a refusal that nobody can mistake, or anything else. */
  | { saw: 'heard'; id: number; answer: 'tokens' | 'refusal' | 'nothing' }
  | { saw: 'spilled'; node: string; attempt: string; failed: boolean }
  /** What was received is on its way into the database. */
  | { saw: 'committing'; attempt: string }
  | { saw: 'revoked'; grant: number }
  /** The provider ended a grant because a token of it came twice. */
  | { saw: 'reuse'; grant: number }
  | { saw: 'served'; token: Token; snapshot: Snapshot }
  | { saw: 'durable'; snapshot: Snapshot }
  /** Everybody is back, all is said, much time went by; `alive`: whether the provider takes the stored token. */
  | { saw: 'end'; snapshot: Snapshot; alive: boolean | null }
);

/** One JSON object a line; a whole file holds any number of histories, each begun by its setting. */
export const appendHistory = (file: string, history: readonly Observation[]): void =>
  appendFileSync(file, history.map((seen) => `${JSON.stringify(seen)}\n`).join(''));

export function readHistories(file: string): Observation[][] {
  const histories: Observation[][] = [];
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const seen = JSON.parse(line) as Observation;
    if (seen.saw === 'setting') histories.push([]);
    histories.at(-1)?.push(seen);
  }
  return histories;
}
