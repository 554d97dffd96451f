import { eventually } from './eventually.js';
import type { Json } from './http.js';
import type { Installation } from './installation.js';

/** What became of the grants that a person's deleted token sets stood for, as an administrator sees it. */
export async function revocations(installation: Installation, userId: string): Promise<Json[]> {
  const path = `/users/${encodeURIComponent(userId)}/federated-connections-tokensets/revocations`;
  const answer = await installation.management('GET', path);
  if (answer.status !== 200) throw new Error(`GET /api/v2${path} answered ${answer.status}: ${answer.text}`);
  return answer.list;
}

/** The same, once none is under way. */
export const finishedRevocations = (installation: Installation, userId: string): Promise<Json[]> =>
  eventually(
    () => revocations(installation, userId),
    (all) => all.length > 0 && all.every((one) => one['outcome'] !== 'pending'),
  );

/** Over the options that the connection has: a change of `options` alone would replace them. */
export async function patchOptions(installation: Installation, connectionId: string, more: Json): Promise<void> {
  const { options } = (await installation.management('GET', `/connections/${connectionId}`)).json;
  await installation.manage('PATCH', `/connections/${connectionId}`, { options: { ...(options as Json), ...more } });
}
