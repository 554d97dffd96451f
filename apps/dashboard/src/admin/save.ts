import { management } from '../api/index.js';

/** `overtaken`: somebody else has changed it since it was shown, and nothing was saved. */
export type Outcome = 'saved' | 'overtaken';

interface Shown<Thing> {
  path: string;
  query?: Record<string, string | boolean>;
  /** As the form was drawn from it. */
  shown: Thing;
}

/**
 * Changes members that the API takes whole. It knows no precondition, so a page that was opened before somebody else's
 * change would undo that unseen; it is therefore read once more first. Only who saves in the same moment is not noticed.
 */
export async function save<Thing extends object>(
  { path, query = {}, shown }: Shown<Thing>,
  changes: { [Member in keyof Thing]?: Thing[Member] | null },
): Promise<Outcome> {
  const now = await management<Thing>(path, { query });
  const members = Object.keys(changes) as (keyof Thing)[];
  if (members.some((member) => JSON.stringify(now[member]) !== JSON.stringify(shown[member]))) return 'overtaken';
  await management(path, { method: 'PATCH', body: changes });
  return 'saved';
}
