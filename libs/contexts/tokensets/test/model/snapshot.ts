import { UnreadableRecord } from '@strongroom/crypto';
import { Custody } from '../../src/custody/custody.js';
import type { ModelDatabase } from './model-database.js';
import type { SeenAttempt, SeenEvent, Snapshot, Token } from './observations.js';
import { readToken } from './oracle.js';

/** What a connection of the model's own finds about a tokenset, opened. */
export async function snapshotOf(database: ModelDatabase, tokensetId: string): Promise<Snapshot> {
  const { row, attempts, events } = (await database.ask<Found>('snapshot', SELECT, [tokensetId]))!;
  const custody = new Custody(database.ring);
  const token = (field: 'access' | 'refresh', sealed: string | null): Token | null => {
    if (!row || sealed === null) return null;
    const { place, keyId, wrapped } = row;
    const key = { keyId, keyWrapped: wrapped === null ? null : bytes(wrapped) };
    try {
      return readToken(custody.open({ ...place, tokensetId }, key, field, bytes(sealed)));
    } catch (error) {
      if (error instanceof UnreadableRecord) return UNREADABLE;
      throw error;
    }
  };
  return {
    row: row && {
      status: row.status,
      reason: row.reason,
      version: row.place.credVersion,
      fence: row.fence,
      leaseUntil: row.lease,
      leaseOwner: row.owner,
      refresh: token('refresh', row.refresh),
      access: token('access', row.access),
    },
    attempts,
    events,
  };
}

/** Of no grant: what no one was ever given. */
const UNREADABLE: Token = { grant: 0, serial: 0 };

const SELECT = `
  SELECT (SELECT json_build_object('status', status, 'reason', reason, 'fence', fence, 'owner', lease_owner,
            'lease', extract(epoch FROM lease_until) * 1000, 'keyId', t.key_id, 'wrapped', encode(k.wrapped, 'hex'),
            'refresh', encode(refresh_sealed, 'hex'), 'access', encode(access_sealed, 'hex'),
            'place', json_build_object('personId', person_id, 'connectionId', connection_id,
              'providerSubject', provider_subject, 'tokenOrigin', token_origin, 'credVersion', cred_version))
          FROM tokensets t LEFT JOIN tokenset_keys k ON k.key_id = t.key_id WHERE id = $1) AS row,
    coalesce((SELECT json_agg(json_build_object('id', id, 'state', state, 'base', base_version, 'fence', fence,
            'node', node, 'boot', boot_id) ORDER BY fence) FROM refresh_attempts WHERE tokenset_id = $1), '[]') AS attempts,
    coalesce((SELECT json_agg(json_build_object('type', type, 'sequence', sequence,
            'version', payload->'credentialVersion') ORDER BY position) FROM outbox WHERE aggregateid = $1), '[]') AS events`;

interface Found {
  row: {
    status: string;
    reason: string | null;
    fence: number;
    owner: string | null;
    lease: number | null;
    keyId: string;
    wrapped: string | null;
    refresh: string | null;
    access: string | null;
    place: {
      personId: string;
      connectionId: string;
      providerSubject: string;
      tokenOrigin: string;
      credVersion: number;
    };
  } | null;
  attempts: SeenAttempt[];
  events: SeenEvent[];
}

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
