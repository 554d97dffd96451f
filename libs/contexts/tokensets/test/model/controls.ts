import type { ModelStart } from './model-node.js';
import type { World } from './world.js';

/** What is broken on purpose, to see the invariants find it. */
export interface Controls {
  /** How a statement of the product reaches the database. */
  sql(text: string): string;
  spills: boolean;
  /** The answer is in memory, and nothing of it durable. */
  answered(world: World, sender: ModelStart, accessToken: string): Promise<void>;
}

/** The product as it is. */
export const nothingBroken: Controls = { sql: (text) => text, spills: true, answered: () => Promise.resolve() };

/** I2: an old answer may overwrite a newer credential. */
export const noVersionPredicate: Controls = {
  ...nothingBroken,
  sql: (text) => text.replace('AND cred_version = $2 AND', 'AND cred_version <> -1 AND'),
};

/** I1: nothing but luck keeps two from sending at once. The index goes with it: `noUniqueIndex`. */
export const noLease: Controls = {
  ...nothingBroken,
  sql: (text) => text.replace('(lease_until IS NULL OR lease_until < clock_timestamp())', 'true'),
};

/** I3: what is sent stands nowhere. */
export const noJournal: Controls = {
  ...nothingBroken,
  sql: (text) =>
    text.includes('INSERT INTO refresh_attempts')
      ? text.replace(/VALUES \(\$1, \$2,/, "VALUES ($1, $2 || '-nowhere',")
      : text,
};

/** I8: what was received is in memory until the commit, and nowhere else. */
export const noSpill: Controls = { ...nothingBroken, spills: false };

/** I5: callers are answered before the commit. */
export const answerBeforeCommit: Controls = {
  ...nothingBroken,
  answered: (world, sender, accessToken) => world.serve(sender, accessToken),
};
