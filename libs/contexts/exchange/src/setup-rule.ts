type Found = string | boolean | string[] | null;

/** One rule of the exchange, or one step of what connecting takes (`spec/wire-contract.md` §§1.2, 2 and 5.6). */
export interface Check {
  name: string;
  ok: boolean;
  /** The member to look at, and whose. */
  setting: string;
  found: Found;
  expected: string;
  /** Null: nothing is to be done. */
  remedy: string | null;
}

/** A check before it is told. */
export interface Rule extends Omit<Check, 'ok' | 'remedy'> {
  holds: boolean;
  remedy: string;
}
