import { createPrivateKey, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';
import { KeyRing } from '@strongroom/crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { DataSource } from 'typeorm';
import { SigningKeyEntity } from './signing-key.entity.js';

export interface LoadedKeys {
  /** Private; the first signs. */
  signing: JWK[];
  /** What `/.well-known/jwks.json` shows. */
  published: JWK[];
  /** Signs cookies and forms; the first signs, all are accepted. */
  cookies: string[];
}

const OWNER = 'signing_keys';

/** The keys that sign tokens and cookies: made at the first start, stored sealed. */
@Injectable()
export class SigningKeys {
  private loaded: Promise<LoadedKeys> | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly ring: KeyRing,
  ) {}

  get(): Promise<LoadedKeys> {
    return (this.loaded ??= this.load().catch((error: unknown) => {
      this.loaded = undefined;
      throw error;
    }));
  }

  private async load(): Promise<LoadedKeys> {
    const rows = await this.rows();
    for (const [purpose, make] of [
      ['tokens', newTokenKey],
      ['cookies', newCookieKey],
    ] as const)
      if (!rows.some((row) => row.purpose === purpose)) await this.add(await make());
    const all = await this.rows();
    const of = (purpose: string) =>
      all.filter((row) => row.purpose === purpose).sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
    return {
      signing: of('tokens').map((row) => ({ ...this.privateJwk(row), kid: row.kid, alg: row.alg, use: 'sig' })),
      published: of('tokens').map((row) => row.publicJwk as JWK),
      cookies: of('cookies').map((row) =>
        this.ring.openValue(OWNER, row.kid, 'key', row.keySealed).toString('base64url'),
      ),
    };
  }

  private rows(): Promise<SigningKeyEntity[]> {
    return this.database
      .getRepository(SigningKeyEntity)
      .createQueryBuilder('key')
      .where(`key.state <> 'revoked'`)
      .orderBy('key.createdAt', 'DESC')
      .getMany();
  }

  /** Of two processes that start at once, one index lets one in. */
  private async add(made: NewKey): Promise<void> {
    await this.database.query(
      `insert into signing_keys (kid, purpose, alg, state, key_sealed, public_jwk, current_since)
       values ($1, $2, $3, 'current', $4, $5, now()) on conflict do nothing`,
      [made.kid, made.purpose, made.alg, this.ring.sealValue(OWNER, made.kid, 'key', made.bytes), made.publicJwk],
    );
  }

  private privateJwk(row: SigningKeyEntity): JWK {
    const key = this.ring.openValue(OWNER, row.kid, 'key', row.keySealed);
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
  }
}

const ORDER = ['current', 'next', 'previous'];

interface NewKey {
  kid: string;
  purpose: SigningKeyEntity['purpose'];
  alg: SigningKeyEntity['alg'];
  bytes: Buffer;
  publicJwk: JWK | null;
}

async function newTokenKey(): Promise<NewKey> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(jwk);
  return {
    kid,
    purpose: 'tokens',
    alg: 'RS256',
    bytes: privateKey.export({ format: 'der', type: 'pkcs8' }),
    publicJwk: { ...jwk, kid, alg: 'RS256', use: 'sig' },
  };
}

const newCookieKey = (): Promise<NewKey> =>
  Promise.resolve({
    kid: randomBytes(16).toString('base64url'),
    purpose: 'cookies',
    alg: 'HS256',
    bytes: randomBytes(32),
    publicJwk: null,
  });
