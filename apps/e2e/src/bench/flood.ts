import { createHash } from 'node:crypto';
import { createClient, enable, type Scene, type Server } from '../driver/index.js';
import { load } from './load.js';

const PER_MINUTE = 1_200;
const TIMES = 10;
const MOST_TRIES = 10;
const TOKENS = 100;
const TURNS = 5;

/** p99 of everybody else, alone and while one client that has used up its rate goes on at ten times that. Milliseconds. */
export async function besideFlood(
  server: Server,
  scene: Scene,
  { url, forms }: { url: string; forms: string[] },
  seconds: number,
) {
  const loud = await createClient(scene.installation, {
    vault_policy: { exchanges_per_minute: PER_MINUTE },
  });
  await enable(scene.installation, scene.connection.id, [loud]);
  const taken = forms.slice(0, TOKENS).map((form) => new URLSearchParams(form));
  await handOver(
    server,
    taken.map((form) => form.get('subject_token')!),
    loud.id,
  );
  const flood = taken.map((changed) => {
    changed.set('client_id', loud.id);
    changed.set('client_secret', loud.secret);
    return changed.toString();
  });
  // What it may send in this minute it has sent: all that follows is refused.
  for (let refused = 0, tries = 0; refused === 0 && tries < MOST_TRIES; tries++)
    ({ refused } = await load(url, flood, { connections: 10, seconds: 2 }));
  const others = () => load(url, forms.slice(TOKENS), { connections: 10, seconds });
  const alone: number[] = [];
  const beside: number[] = [];
  let refused = 0;
  // In turns, and the middle one of each: p99 of a few seconds alone differs by a third from one time to the next.
  for (let turn = 0; turn < TURNS; turn++) {
    alone.push((await others()).p99);
    const flooded = load(url, flood, { connections: 10, seconds, perSecond: (TIMES * PER_MINUTE) / 60 });
    beside.push((await others()).p99);
    refused += (await flooded).refused;
  }
  return { alone: middleOf(alone), beside: middleOf(beside), refused };
}

const middleOf = (figures: number[]): number => figures.sort((a, b) => a - b)[Math.floor(figures.length / 2)]!;

/** Tokens that were issued to one client are the other's from now on. */
async function handOver(server: Server, tokens: readonly string[], clientId: string): Promise<void> {
  const client = await server.database();
  await client.query(`UPDATE identity.artefacts SET client_id = $2 WHERE kind = 'RefreshToken' AND id_hash = ANY($1)`, [
    tokens.map((token) => createHash('sha256').update(token, 'utf8').digest()),
    clientId,
  ]);
  await client.end();
}
