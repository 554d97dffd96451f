import { Injectable } from '@nestjs/common';
import { KeyRing } from '@strongroom/crypto';
import { VaultError } from '@strongroom/errors';
import { PublicUrl } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { InexistentError } from '../registry.errors.js';
import { newTokenKey } from './new-signing-key.js';
import { certificateNames } from './signing-certificate.js';
import { SigningKeyEntity, type TokenAlg } from './signing-key.entity.js';
import type { ShownKey } from './signing-key.schema.js';
import { SigningKeys } from './signing-keys.js';

class SigningKeyInUseError extends VaultError {
  constructor() {
    super('Only a previous key can be revoked: rotate first, then this one is previous.', {
      code: 'signing_key_in_use',
      status: 400,
    });
  }
}

/** How signing keys take turns, next → current → previous, and how one ends before its time. */
@Injectable()
export class KeyRotationService {
  constructor(
    private readonly database: DataSource,
    private readonly ring: KeyRing,
    private readonly keys: SigningKeys,
    private readonly publicUrl: PublicUrl,
  ) {}

  async list(): Promise<ShownKey[]> {
    await this.keys.fresh();
    const rows = await this.database
      .getRepository(SigningKeyEntity)
      .find({ where: { purpose: 'tokens' }, order: { createdAt: 'DESC', kid: 'ASC' } });
    return rows.map(shown);
  }

  async get(kid: string): Promise<ShownKey> {
    await this.keys.fresh();
    const row = await this.database.getRepository(SigningKeyEntity).findOneBy({ kid, purpose: 'tokens' });
    if (!row) throw new InexistentError('signing_key');
    return shown(row);
  }

  /** Moves every key on by one place. Answers the new next key. */
  async rotate(): Promise<{ kid: string; cert: string }> {
    await this.keys.fresh(); // there is a next one
    const { hostname } = new URL(this.publicUrl.origin);
    const algs: { alg: TokenAlg }[] = await this.database.query(
      `select alg from signing_keys where purpose = 'tokens' and state = 'current'`,
    );
    const made = await Promise.all(algs.map(({ alg }) => newTokenKey(alg, hostname)));
    await this.database.transaction(async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(hashtext('strongroom signing keys'))`);
      for (const key of made) {
        await tx.query(
          `update signing_keys set state = 'previous', current_until = clock_timestamp(),
             listed_until = clock_timestamp() + make_interval(secs => longest_seconds)
           where purpose = 'tokens' and alg = $1 and state = 'current'`,
          [key.alg],
        );
        await tx.query(
          `update signing_keys set state = 'current', current_since = clock_timestamp()
           where purpose = 'tokens' and alg = $1 and state = 'next'`,
          [key.alg],
        );
        await tx.query(
          `insert into signing_keys (kid, purpose, alg, state, key_sealed, public_jwk, certificate)
           values ($1, 'tokens', $2, 'next', $3, $4, $5)`,
          [
            ...[key.kid, key.alg, this.ring.sealValue('signing_keys', key.kid, 'key', key.bytes)],
            ...[key.publicJwk, key.certificate],
          ],
        );
      }
    });
    await this.keys.fresh();
    const { kid, certificate } = made.find(({ alg }) => alg === 'RS256')!;
    return { kid, cert: certificate! };
  }

  /** From the answer on nothing that it signed is taken anywhere; its private half is erased. */
  async revoke(kid: string): Promise<{ kid: string; cert: string }> {
    await this.keys.fresh(); // has a certificate
    const rows = await this.database.transaction(async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(hashtext('strongroom signing keys'))`);
      await tx.query(
        `update signing_keys set state = 'revoked', revoked_at = clock_timestamp(), key_sealed = null
         where purpose = 'tokens' and kid = $1 and state = 'previous'`,
        [kid],
      );
      return tx.query<{ state: string; cert: string }[]>(
        `select state, certificate as cert from signing_keys where purpose = 'tokens' and kid = $1`,
        [kid],
      );
    });
    const [row] = rows;
    if (!row) throw new InexistentError('signing_key');
    if (row.state !== 'revoked') throw new SigningKeyInUseError();
    await this.keys.fresh();
    return { kid, cert: row.cert };
  }
}

const shown = (row: SigningKeyEntity): ShownKey => ({
  kid: row.kid,
  cert: row.certificate!,
  ...certificateNames(row.certificate!),
  current: row.state === 'current',
  next: row.state === 'next',
  previous: row.state === 'previous',
  ...(row.currentSince ? { current_since: row.currentSince.toISOString() } : {}),
  ...(row.currentUntil ? { current_until: row.currentUntil.toISOString() } : {}),
  revoked: row.state === 'revoked',
  ...(row.revokedAt ? { revoked_at: row.revokedAt.toISOString() } : {}),
});
