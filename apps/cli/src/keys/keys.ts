import { setTimeout as sleep } from 'node:timers/promises';
import type { Management } from '../management/management.js';
import { openManagement, type Where } from '../management/open-management.js';
import { messageOf } from '../reason.js';

export type Ring = 'tokensets' | 'identity';
type Say = (line: string) => void;

/** As `GET /api/v2/keys/encryption` shows it. */
interface Key {
  kid: string;
  state: 'pre_active' | 'primary' | 'retiring' | 'retired' | 'destroyed';
  created_at: string;
  sealed: number;
  remaining: number;
  progress: number;
}

const PATHS: Record<Ring, string> = { tokensets: 'keys/encryption', identity: 'keys/encryption/identity' };

export async function showKeys(where: Where, wanted: readonly Ring[], say: Say): Promise<void> {
  const management = await openManagement(where);
  for (const ring of wanted) for (const key of await keysOf(management, ring)) say(`${ring}  ${lineOf(key)}`);
}

/** Starts a rotation of each ring and follows it until nothing is sealed under the old key any more. */
export async function rekey(
  where: Where,
  { wanted, isFollowed, everyMs = 2_000 }: { wanted: readonly Ring[]; isFollowed: boolean; everyMs?: number },
  say: Say,
): Promise<void> {
  const management = await openManagement(where);
  for (const ring of wanted) {
    await management.call('POST', `${PATHS[ring]}/rekey`).catch((error: unknown) => {
      throw new Error(`the ring of ${ring} is not rotated: ${messageOf(error)}`, { cause: error });
    });
    say(`${ring}: a new key is made; the rotation goes on by itself`);
  }
  if (isFollowed) for (const ring of wanted) await follow(management, ring, { everyMs, say });
}

async function follow(
  management: Management,
  ring: Ring,
  { everyMs, say }: { everyMs: number; say: Say },
): Promise<void> {
  for (let last = ''; ; await sleep(everyMs)) {
    const keys = await keysOf(management, ring);
    const now = progressOf(keys);
    if (now !== last) say(`${ring}: ${now}`);
    if (!keys.some(({ state }) => state === 'pre_active' || state === 'retiring')) return;
    last = now;
  }
}

function progressOf(keys: readonly Key[]): string {
  const isWaiting = keys.some(({ state }) => state === 'pre_active');
  if (isWaiting) return 'waiting until every process has the new key';
  const old = keys.filter(({ state }) => state === 'retiring');
  if (old.length > 0) return old.map((key) => `${key.kid} ${percent(key)}, ${key.remaining} records left`).join('; ');
  return 'nothing is sealed under the old key; it is destroyed when it has not been missed for a day';
}

async function keysOf(management: Management, ring: Ring): Promise<Key[]> {
  return (await management.call('GET', PATHS[ring])) as Key[];
}

const percent = ({ progress }: Key): string => `${Math.floor(progress * 100)} %`;

const lineOf = (key: Key): string =>
  `${key.kid}  ${key.state.padEnd(10)}  made ${key.created_at}  sealed ${key.sealed}  remaining ${key.remaining}` +
  (key.state === 'retiring' ? `  ${percent(key)} moved` : '');
