import { isUsable } from '../../src/access/lifetime.js';
import { Custody } from '../../src/custody/custody.js';
import type { Ground } from './world.js';

/** What a caller gets where nothing was refreshed: the access token that a node finds, while it is alive. */
export async function storedToken(ground: Ground, node: number, tokensetId: string): Promise<string | undefined> {
  const [row] = await ground.sources[node]!.query<Stored[]>(STORED, [tokensetId]);
  if (!row?.sealed || !isUsable(row, 0)) return undefined;
  const { sealed, keyId, keyWrapped, personId, connectionId, providerSubject, tokenOrigin, credVersion } = row;
  const place = { tokensetId, personId, connectionId, providerSubject, tokenOrigin, credVersion };
  return new Custody(ground.database.ring).open(place, { keyId, keyWrapped }, 'access', sealed);
}

const STORED = `
  SELECT access_sealed AS sealed, t.key_id AS "keyId", k.wrapped AS "keyWrapped", person_id AS "personId",
    connection_id AS "connectionId", provider_subject AS "providerSubject", token_origin AS "tokenOrigin",
    cred_version AS "credVersion", access_issued_at AS "issuedAt", access_expires_at AS "expiresAt",
    clock_timestamp() AS now
  FROM tokensets t LEFT JOIN tokenset_keys k ON k.key_id = t.key_id WHERE id = $1`;

interface Stored {
  sealed: Buffer | null;
  keyId: string;
  keyWrapped: Buffer | null;
  personId: string;
  connectionId: string;
  providerSubject: string;
  tokenOrigin: string;
  credVersion: number;
  issuedAt: Date;
  expiresAt: Date;
  now: Date;
}
