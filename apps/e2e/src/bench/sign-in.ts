import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Scene, Server } from '../driver/index.js';
import { clone } from './clone.js';

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest();

/**
 * People drawn from all who have a token set, each with a grant and a refresh token as after a login. Always as many, so
 * that only the size of the tables differs between two measurements.
 *
 * @returns whose they are, and their refresh tokens
 */
export async function signInSome(server: Server, { person }: Scene, count: number): Promise<SignedIn[]> {
  const client = await server.database();
  try {
    const { rows } = await client.query<{ person_id: string }>(
      `SELECT person_id FROM tokensets.tokensets WHERE provider_subject LIKE 'seeded-%' ORDER BY random() LIMIT $1`,
      [count],
    );
    const personIds = rows.map(({ person_id }) => person_id);
    const grants = personIds.map(() => `seeded-${randomUUID()}`);
    const tokens = personIds.map(() => `cnry_${randomBytes(32).toString('base64url')}`);
    await clone(client, 'identity.users', 'user_id = $1', person.userId, {
      person_id: ['uuid', personIds],
      user_id: ['text', personIds.map((id) => `auth0|${id}`)],
      email: ['text', personIds.map((id) => `${id}@people.example`)],
    });
    const like = (kind: string) =>
      `kind = '${kind}' AND person_id = (SELECT person_id FROM identity.users WHERE user_id = $1)
       AND grant_id = (SELECT grant_id FROM identity.artefacts a JOIN identity.users u USING (person_id)
         WHERE a.kind = 'RefreshToken' AND u.user_id = $1 LIMIT 1)`;
    const theirs = { grant_id: ['text', grants], person_id: ['uuid', personIds] } as const;
    await clone(client, 'identity.artefacts', like('Grant'), person.userId, {
      id_hash: ['bytea', grants.map(sha256)],
      grant_id: [...theirs.grant_id],
      person_id: [...theirs.person_id],
    });
    await clone(client, 'identity.artefacts', like('RefreshToken'), person.userId, {
      id_hash: ['bytea', tokens.map(sha256)],
      grant_id: [...theirs.grant_id],
      person_id: [...theirs.person_id],
      uid: ['text', personIds.map(() => null)],
      family_id: ['uuid', personIds.map(() => randomUUID())],
    });
    await client.query('VACUUM ANALYZE identity.users, identity.artefacts');
    return personIds.map((personId, i) => ({ personId, token: tokens[i]! }));
  } finally {
    await client.end();
  }
}

export interface SignedIn {
  personId: string;
  token: string;
}
