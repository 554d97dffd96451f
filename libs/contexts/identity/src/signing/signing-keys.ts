import { createPrivateKey } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { KeyRing } from '@strongroom/crypto';
import { PublicUrl } from '@strongroom/http';
import { LOGGER, type Logger } from '@strongroom/observability';
import type { JWK } from 'jose';
import { DataSource } from 'typeorm';
import { certificateOf, newCookieKey, type NewKey, newTokenKey } from './new-signing-key.js';
import { OneAtATime } from './one-at-a-time.js';
import type { SigningKeyEntity, TokenAlg } from './signing-key.entity.js';

export interface LoadedKeys {
  /** Private; of each `alg` the first signs. */
  signing: JWK[];
  /** What `/.well-known/jwks.json` shows, and all that a token of ours may be signed with. */
  published: JWK[];
  /** Signs cookies and forms; the first signs, all are accepted. */
  cookies: string[];
  /** Grows with every change. */
  serial: number;
}

type Row = Pick<SigningKeyEntity, 'kid' | 'purpose' | 'alg' | 'state' | 'longestSeconds' | 'currentUntil'> & {
  /** Known to others for long enough to sign. */
  isKnown: boolean;
  /** Some API asks for PS256. */
  isPs256Asked: boolean;
};
type FullRow = Row & Pick<SigningKeyEntity, 'keySealed' | 'publicJwk' | 'certificate'>;

const OWNER = 'signing_keys';
const POLL_MS = 30_000;
/** Who keeps a copy of the key set shall have seen a key before it signs. */
const KNOWN_AFTER = `interval '60 seconds'`;
const COLUMNS = `kid, purpose, alg, state, longest_seconds as "longestSeconds", current_until as "currentUntil",
  created_at <= clock_timestamp() - ${KNOWN_AFTER} as "isKnown",
  exists (select from resource_servers where signing_alg = 'PS256') as "isPs256Asked"`;
const USED = `(state in ('current', 'next') or (state = 'previous' and listed_until > clock_timestamp()))`;

/**
 * The keys that sign tokens and cookies, made when they are first needed and stored sealed. What a process holds is at
 * most thirty seconds old; who signs, or meets a key that is not there, asks for what the database holds now.
 */
@Injectable()
export class SigningKeys implements OnApplicationBootstrap, OnModuleDestroy {
  private loaded: (LoadedKeys & { version: string; rows: Row[] }) | undefined;
  private serial = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly looks = new OneAtATime(() => this.look());

  constructor(
    private readonly database: DataSource,
    private readonly ring: KeyRing,
    private readonly publicUrl: PublicUrl,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.poll().catch((error: unknown) =>
        this.logger.warn({ err: error }, 'signing keys could not be read; tried again in half a minute'),
      );
    }, POLL_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** As they were at the last look. */
  async get(): Promise<LoadedKeys> {
    return this.loaded ?? this.looks.ask();
  }

  /** As they are now. The same object until something changes. */
  fresh(): Promise<LoadedKeys> {
    return this.looks.ask();
  }

  /** To be said of every token before it is signed: its key stays listed until it has ended. */
  async willSign(alg: string, seconds: number): Promise<void> {
    const signer = this.loaded && signerOf(this.loaded.rows.filter((row) => row.alg === alg));
    if (!signer || seconds <= signer.longestSeconds) return;
    await this.database.query(
      `update signing_keys set longest_seconds = greatest(longest_seconds, $2),
         listed_until = case when state = 'previous'
           then greatest(listed_until, clock_timestamp() + make_interval(secs => $2)) end
       where kid = $1`,
      [signer.kid, seconds],
    );
    signer.longestSeconds = seconds;
  }

  private async poll(): Promise<void> {
    await this.fresh();
    await this.database.query(`delete from signing_keys where state = 'previous' and listed_until < clock_timestamp()`);
  }

  private async look(): Promise<LoadedKeys> {
    const seen: Row[] = await this.database.query(`select ${COLUMNS} from signing_keys where ${USED}`);
    const wanted = this.missing(seen);
    if (this.loaded && wanted.length === 0 && this.loaded.version === versionOf(seen)) return this.loaded;
    if (wanted.length > 0) this.ring.sealValue(OWNER, 'none', 'key', Buffer.alloc(1)); // sealed: fails before the work
    for (const [state, key] of wanted) await this.add(state, await key());
    return (this.loaded = await this.load());
  }

  /** What has to be made: a key and its successor for each `alg` that some API asks for. */
  private missing(rows: readonly Row[]): ['current' | 'next', () => Promise<NewKey>][] {
    const has = (alg: Row['alg'], state: Row['state']) => rows.some((row) => row.alg === alg && row.state === state);
    const wantsPs256 = rows.some(({ alg, isPs256Asked }) => alg === 'PS256' || isPs256Asked);
    const algs: TokenAlg[] = wantsPs256 ? ['RS256', 'PS256'] : ['RS256'];
    const { hostname } = new URL(this.publicUrl.origin);
    return [
      ...algs.flatMap((alg) =>
        (['current', 'next'] as const)
          .filter((state) => !has(alg, state))
          .map((state): ['current' | 'next', () => Promise<NewKey>] => [state, () => newTokenKey(alg, hostname)]),
      ),
      ...(has('HS256', 'current') ? [] : [['current', newCookieKey] as ['current', () => Promise<NewKey>]]),
    ];
  }

  private async load(): Promise<NonNullable<typeof this.loaded>> {
    const rows: FullRow[] = await this.database.query(
      `select ${COLUMNS}, key_sealed as "keySealed", public_jwk as "publicJwk", certificate
       from signing_keys where ${USED}`,
    );
    for (const row of rows) if (row.purpose === 'tokens' && !row.certificate) await this.certify(row);
    const tokens = (['RS256', 'PS256'] as const).flatMap((alg) => inTurn(rows.filter((row) => row.alg === alg)));
    return {
      signing: tokens.map((row) => ({ ...this.privateJwk(row), kid: row.kid, alg: row.alg, use: 'sig' })),
      published: tokens.map((row) => row.publicJwk as JWK),
      cookies: rows.filter(({ purpose }) => purpose === 'cookies').map((row) => this.open(row).toString('base64url')),
      serial: ++this.serial,
      version: versionOf(rows),
      rows,
    };
  }

  /** Of two processes that make the same, one index lets one in. */
  private async add(state: 'current' | 'next', made: NewKey): Promise<void> {
    await this.database.query(
      `insert into signing_keys (kid, purpose, alg, state, key_sealed, public_jwk, certificate, current_since)
       values ($1, $2, $3, $4, $5, $6, $7, case when $4 = 'current' then now() end) on conflict do nothing`,
      [
        ...[made.kid, made.purpose, made.alg, state, this.ring.sealValue(OWNER, made.kid, 'key', made.bytes)],
        ...[made.publicJwk, made.certificate],
      ],
    );
  }

  private async certify(row: FullRow): Promise<void> {
    const certificate = await certificateOf(this.open(row), new URL(this.publicUrl.origin).hostname);
    await this.database.query(`update signing_keys set certificate = coalesce(certificate, $2) where kid = $1`, [
      row.kid,
      certificate,
    ]);
  }

  private open(row: FullRow): Buffer {
    return this.ring.openValue(OWNER, row.kid, 'key', row.keySealed!);
  }

  private privateJwk(row: FullRow): JWK {
    return createPrivateKey({ key: this.open(row), format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
  }
}

/** Changes with everything that decides what signs and what is listed. */
const versionOf = (rows: readonly Row[]): string =>
  rows
    .map(({ kid, state, isKnown }) => `${kid}:${state}:${isKnown}`)
    .sort()
    .join();

/** The current one; or, until others can know that, the last one before it that they can. */
function signerOf<One extends Row>(ofAlg: readonly One[]): One | undefined {
  const before = ofAlg
    .filter(({ state }) => state === 'previous')
    .sort((a, b) => b.currentUntil!.getTime() - a.currentUntil!.getTime());
  const inOrder = [...ofAlg.filter(({ state }) => state === 'current'), ...before];
  return inOrder.find(({ isKnown }) => isKnown) ?? inOrder.at(-1);
}

const ORDER = ['current', 'next', 'previous'];

function inTurn<One extends Row>(ofAlg: readonly One[]): One[] {
  const signer = signerOf(ofAlg);
  const rank = (row: One) => (row === signer ? -1 : ORDER.indexOf(row.state));
  return [...ofAlg].sort((a, b) => rank(a) - rank(b));
}
