import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { KeyRing } from '@strongroom/crypto';
import { DataSource, type EntityManager } from 'typeorm';
import type { RefreshTokenSettings } from '../clients/client.entity.js';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { InvalidRefreshTokenError } from '../authorization.errors.js';
import { refreshLifetimes } from '../door/client-facts.js';
import { sha256 } from '../hash.js';

/** What the library wrote when it issued the token. */
export interface RefreshTokenPayload {
  scope?: string;
  /** The API, as a URN; none: `/userinfo` only. */
  resource?: string;
  sid?: string;
  sessionUid?: string;
  nonce?: string;
  /** The key that it is bound to. */
  jkt?: string;
  /** When the first of the family was issued; seconds. */
  iiat: number;
}

export interface StoredRefreshToken {
  hash: Buffer;
  clientId: string;
  personId: string;
  grantId: string;
  familyId: string;
  payload: RefreshTokenPayload;
  isConsumed: boolean;
  isAlive: boolean;
  grantLives: boolean;
}

const FOUND = `select a.id_hash as "hash", a.client_id as "clientId", a.person_id as "personId", a.grant_id as "grantId",
  a.family_id as "familyId", a.payload, a.consumed_at is not null as "isConsumed",
  a.expires_at > clock_timestamp() as "isAlive",
  exists (select 1 from artefacts g where g.grant_id = a.grant_id and g.kind = 'Grant'
    and g.expires_at > clock_timestamp()) as "grantLives"
  from artefacts a where a.kind = 'RefreshToken' and a.id_hash = $1`;

const LIVES = `consumed_at is null and expires_at > clock_timestamp() and exists (
  select 1 from artefacts g where g.grant_id = artefacts.grant_id and g.kind = 'Grant'
    and g.expires_at > clock_timestamp())`;

/** Least of the family's own end and of the time it may lie idle; `$2` and `$3` are seconds. */
const NEXT_END = `least(to_timestamp((payload->>'iiat')::float8) + make_interval(secs => $2),
  clock_timestamp() + make_interval(secs => $3))`;

/** Refresh tokens at rest: found by hash, used or rotated by one statement (`spec/identity.md` §5). */
@Injectable()
export class RefreshTokens {
  constructor(
    private readonly database: DataSource,
    private readonly ring: KeyRing,
    private readonly artefacts: ArtefactsService,
  ) {}

  /** Consumed ones as well. */
  async find(token: string): Promise<StoredRefreshToken | undefined> {
    const rows: StoredRefreshToken[] = await this.database.query(FOUND, [sha256(token)]);
    return rows[0];
  }

  /**
   * Uses the token. Non-rotating: moves its idle end, answers undefined. Rotating: answers the successor.
   *
   * @throws InvalidRefreshTokenError if it cannot be used (any more)
   */
  async use(token: StoredRefreshToken, settings: RefreshTokenSettings | null): Promise<string | undefined> {
    const leeway = settings?.rotation_type === 'rotating' ? (settings.leeway ?? 0) : 0;
    if (token.isConsumed) return this.presentedAgain(token, leeway, false);
    const { absolute, idle } = refreshLifetimes(settings);
    if (settings?.rotation_type === 'rotating') return this.rotate(token, leeway, absolute, idle);
    const [, moved] = await this.database.query<[unknown, number]>(
      `update artefacts set last_exchanged_at = clock_timestamp(), expires_at = ${NEXT_END}
       where kind = 'RefreshToken' and id_hash = $1 and ${LIVES}`,
      [token.hash, absolute, idle],
    );
    if (moved === 1) return undefined;
    return this.presentedAgain(token, 0, true);
  }

  private async rotate(token: StoredRefreshToken, leeway: number, absolute: number, idle: number): Promise<string> {
    const successor = randomBytes(32).toString('base64url');
    const sealed = leeway > 0 ? this.ring.sealValue('refresh_token', token.familyId, 'successor', successor) : null;
    const isOurs = await this.database.transaction(async (tx) => {
      const [, hit] = await tx.query<[unknown, number]>(
        `update artefacts set consumed_at = clock_timestamp(), last_exchanged_at = clock_timestamp(),
           successor_hash = $2, successor_sealed = $3
         where kind = 'RefreshToken' and id_hash = $1 and ${LIVES}`,
        [token.hash, sha256(successor), sealed],
      );
      if (hit === 1) await this.insertSuccessor(tx, token.hash, sha256(successor), absolute, idle);
      return hit === 1;
    });
    return isOurs ? successor : this.presentedAgain(token, leeway, true);
  }

  private async insertSuccessor(tx: EntityManager, hash: Buffer, successor: Buffer, absolute: number, idle: number) {
    await tx.query(
      `insert into artefacts (kind, id_hash, grant_id, family_id, person_id, client_id, expires_at, last_exchanged_at, payload)
       select kind, $4, grant_id, family_id, person_id, client_id, ${NEXT_END}, clock_timestamp(), payload
       from artefacts where kind = 'RefreshToken' and id_hash = $1`,
      [hash, absolute, idle, successor],
    );
  }

  /** Consumed, or lost to another by a hair (`isRace`). Within the leeway the same successor, as long as nobody has used it; after it, the grant ends. */
  private async presentedAgain(token: StoredRefreshToken, leeway: number, isRace: boolean): Promise<string> {
    const [row] = await this.database.query<
      {
        consumed: boolean;
        sealed: Buffer | null;
        unused: boolean;
        hasSuccessor: boolean;
        inLeeway: boolean;
      }[]
    >(
      `select a.consumed_at is not null as consumed, a.successor_sealed as sealed, s.consumed_at is null as unused,
         s.id_hash is not null as "hasSuccessor",
         a.consumed_at + make_interval(secs => $2) > clock_timestamp() as "inLeeway"
       from artefacts a left join artefacts s on s.kind = a.kind and s.id_hash = a.successor_hash
       where a.kind = 'RefreshToken' and a.id_hash = $1`,
      [token.hash, leeway],
    );
    if (!row?.consumed) throw new InvalidRefreshTokenError(row ? 'subject_expired' : 'subject_revoked');
    if (row.inLeeway) {
      if (row.sealed && row.hasSuccessor && row.unused)
        return this.ring.openValue('refresh_token', token.familyId, 'successor', row.sealed).toString('utf8');
      throw new InvalidRefreshTokenError('subject_revoked');
    }
    if (!isRace) await this.database.transaction((tx) => this.artefacts.endOfGrant(tx, token.grantId));
    throw new InvalidRefreshTokenError('subject_revoked');
  }
}
