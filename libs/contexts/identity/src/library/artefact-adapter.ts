import { randomUUID } from 'node:crypto';
import { clientAddress } from '@strongroom/http';
import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider';
import type { DataSource } from 'typeorm';
import { endArtefacts } from '../artefacts/end-artefacts.js';
import { sha256 } from '../hash.js';
import { sessionSeconds } from '../sessions/session-lifetime.js';
import { type Device, keepCode, keepSession, type NewArtefact } from '../sessions/session-rows.js';

const HASHED = 'sha256:';
/** Stands for the id inside a stored payload. */
const ID = '{id}';

/**
 * Seconds: an hour for each question. Whether a pushed request was used is asked when a sign-in that it began is over,
 * long after its own end, which stands in the payload and to which the library holds it.
 */
const LONGEST_SIGN_IN = 4 * 3600;

type Row = { payload: AdapterPayload; consumed: number | null; id_hash: Buffer };

/**
 * Keeps the library's models in `artefacts`. Ids are stored as hashes and taken out of the payload; `consume` is a
 * compare-and-set, without which concurrent redemptions of one code all succeed (`spec/identity.md` §6).
 */
export class ArtefactAdapter implements Adapter {
  constructor(
    private readonly database: DataSource,
    readonly kind: string,
  ) {}

  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const row = {
      hash: storedHash(id),
      grantId: this.kind === 'Grant' ? id : (payload.grantId ?? null),
      uid: (this.kind === 'Session' ? payload.uid : payload['sessionUid']) ?? null,
      personId: payload.accountId ?? null,
      clientId: payload.clientId ?? null,
      expiresIn: this.kind === 'PushedAuthorizationRequest' ? expiresIn + LONGEST_SIGN_IN : expiresIn,
      payload: JSON.stringify(withoutId(id, payload)),
    };
    if (this.kind === 'Session' && row.personId)
      return keepSession(this.database, { ...row, expiresIn: sessionSeconds(payload.loginTs) }, browser());
    if (this.kind === 'AuthorizationCode' && row.uid) return keepCode(this.database, row);
    return this.keep(row);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const row = await this.row('id_hash = $2', sha256(id));
    return row && withId(id, row);
  }

  /** The cookie is not known here: the id is the hash, which only `upsert` and `destroy` accept. */
  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const row = await this.row('uid = $2', uid);
    return row && withId(HASHED + row.id_hash.toString('hex'), row);
  }

  findByUserCode(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async consume(id: string): Promise<void> {
    const hash = sha256(id);
    const [, hit] = await this.database.query<[unknown, number]>(
      `update artefacts set consumed_at = clock_timestamp() where kind = $1 and id_hash = $2 and consumed_at is null`,
      [this.kind, hash],
    );
    if (hit === 1) return;
    // Somebody else was first. What a code gave ends when it is presented twice (RFC 6749 §4.1.2).
    const [code] = await this.database.query<{ grant_id: string | null }[]>(
      'select grant_id from artefacts where kind = $1 and id_hash = $2',
      [this.kind, hash],
    );
    if (code?.grant_id) await endArtefacts(this.database, 'grant_id', code.grant_id);
    throw this.kind === 'PushedAuthorizationRequest'
      ? new errors.InvalidRequestUri('request_uri was already used')
      : new errors.InvalidGrant('already used');
  }

  async destroy(id: string): Promise<void> {
    await this.database.query('delete from artefacts where kind = $1 and id_hash = $2', [this.kind, storedHash(id)]);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await endArtefacts(this.database, 'grant_id', grantId);
  }

  /** A grant that was ended while a request was under way stays ended. */
  private async keep({ hash, grantId, uid, personId, clientId, expiresIn, payload }: NewArtefact): Promise<void> {
    await this.database.query(
      `insert into artefacts (kind, id_hash, grant_id, uid, family_id, person_id, client_id, expires_at, payload)
       values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + make_interval(secs => $8), $9)
       on conflict (kind, id_hash) do update set grant_id = excluded.grant_id,
         uid = coalesce(excluded.uid, artefacts.uid), person_id = excluded.person_id, client_id = excluded.client_id,
         expires_at = excluded.expires_at, payload = excluded.payload
         where artefacts.kind <> 'Grant' or artefacts.consumed_at is null`,
      [
        ...[this.kind, hash, grantId, uid, this.kind === 'RefreshToken' ? randomUUID() : null],
        ...[personId, clientId, expiresIn, payload],
      ],
    );
  }

  private async row(where: string, value: unknown): Promise<Row | undefined> {
    const rows: Row[] = await this.database.query(
      `select payload, id_hash, extract(epoch from consumed_at)::float8 as consumed from artefacts
       where kind = $1 and ${where} and expires_at > clock_timestamp()`,
      [this.kind, value],
    );
    return rows[0];
  }
}

/** Who is on the other end of the request that the library answers. */
function browser(): Device {
  const request = Provider.ctx?.req;
  return { ip: request ? clientAddress(request) : null, userAgent: request?.headers['user-agent'] ?? null };
}

const storedHash = (id: string): Buffer =>
  id.startsWith(HASHED) ? Buffer.from(id.slice(HASHED.length), 'hex') : sha256(id);

/** The library repeats the token as `jti`, the session cookie in an interaction, and an interaction's cookie in its way back. */
function withoutId(id: string, { jti: _, session, returnTo, ...payload }: AdapterPayload): object {
  const { cookie: __, ...kept } = (session ?? {}) as Record<string, unknown>;
  return {
    ...payload,
    ...(session ? { session: kept } : {}),
    ...(returnTo ? { returnTo: returnTo.replaceAll(id, ID) } : {}),
  };
}

const withId = (id: string, { payload, consumed }: Row): AdapterPayload => ({
  ...payload,
  jti: id,
  ...(payload.returnTo ? { returnTo: payload.returnTo.replaceAll(ID, id) } : {}),
  ...(consumed === null ? {} : { consumed: Math.floor(consumed) }),
});
