import type { RefreshAnswer } from '../../src/refresh/refresh.types.js';
import type { ModelStart } from './model-node.js';
import type { World } from './world.js';

/** What is broken on purpose, to see the invariants find it. */
export interface Controls {
  /** How a statement of the product reaches the database. */
  sql(text: string): string;
  spills: boolean;
  /** What a process makes of an answer. */
  heard(answer: RefreshAnswer): RefreshAnswer;
  /** The answer is in memory, and nothing of it durable. */
  answered(world: World, sender: ModelStart, accessToken: string): Promise<void>;
}

/** The product as it is. */
export const nothingBroken: Controls = {
  heard: (answer) => answer,
  sql: (text) => text,
  spills: true,
  answered: () => Promise.resolve(),
};

/** I2: an old answer may overwrite a newer credential. */
export const noVersionPredicate: Controls = {
  ...nothingBroken,
  sql: (text) => text.replace('AND cred_version = $2 AND', 'AND cred_version <> -1 AND'),
};

/** I1: nothing but luck keeps two from sending at once. The unique index has to go with it. */
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

/** I4: whoever does not answer has refused. */
export const silenceIsRefusal: Controls = {
  ...nothingBroken,
  heard: (answer) => (answer.outcome === 'error' ? { ...answer, class: 'reconnect' } : answer),
};

/** I6: a commit that says nothing new. */
export const noNewSequence: Controls = {
  ...nothingBroken,
  sql: (text) => text.replace('cred_version = $2 + 1, event_version = event_version + 1', 'cred_version = $2 + 1'),
};

/** I7: another node resends whatever is open, wherever its answer lies. */
export const noTakeoverRule: Controls = {
  ...nothingBroken,
  sql: (text) => text.replace(/(\$3::text|a\.rotation) = 'strict' OR o\.rotation = 'strict' OR /, "$1 = 'none' OR "),
};

/** I8: what is not known is taken for not done. */
export const forgetsDoubt: Controls = {
  ...nothingBroken,
  sql: (text) => text.replace('SET state = $2,', "SET state = replace($2, 'unknown', 'not_processed'),"),
};
