import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionView } from '@strongroom/contracts';
import { ConfiguredMasterKeys } from '@strongroom/crypto';
import { migrate } from '@strongroom/persistence';
import pg from 'pg';
import { tokensetsDatabase } from '../../src/tokensets.database.js';
import { OracleProvider, type ProviderClass, providerClasses } from './oracle-provider.js';
import { PostgresOfOwn } from './postgres-of-own.js';
import type { Account, Settings, VaultSettings } from './vault-protocol.js';
import { VaultProcess } from './vault-process.js';

const REFRESH: Record<ProviderClass, Record<string, unknown>> = {
  strict: { mode: 'rotating', reuse: 'revokes-grant' },
  sparing: { mode: 'rotating', reuse: 'rejected' },
  grace: { mode: 'rotating', reuse: 'grace', graceSeconds: 60 },
  repeatable: { mode: 'static' },
};

/** Limits are another suite's subject. */
const WIDE = { perSecond: 100_000, burst: 100_000, inFlight: 10_000 };

/** Several processes of tokensets on one database, and a provider that knows the truth. */
export class SafetyWorld {
  private readonly processes = new Set<VaultProcess>();
  private readonly views: ConnectionView[];
  /** Of every process that is given no others. */
  readonly masterKeys = ConfiguredMasterKeys.generate('test');

  private constructor(
    readonly postgres: PostgresOfOwn,
    readonly provider: OracleProvider,
    readonly sql: pg.Pool,
    private readonly directory: string,
  ) {
    this.views = providerClasses.map((kind) => viewOf(kind, provider.url));
  }

  static async open(): Promise<SafetyWorld> {
    const postgres = await PostgresOfOwn.start();
    await migrate(tokensetsDatabase(postgres.url));
    const sql = new pg.Pool({ connectionString: postgres.url, options: '-c search_path=tokensets', max: 8 });
    sql.on('error', () => undefined); // an idle connection ended
    const directory = await mkdtemp(join(tmpdir(), 'strongroom-safety-'));
    return new SafetyWorld(postgres, await OracleProvider.start(sql), sql, directory);
  }

  async close(): Promise<void> {
    await Promise.all([...this.processes].map((process) => process.kill()));
    await this.provider.stop();
    await this.sql.end();
    await this.postgres.remove();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** `place` is a node: its spill directory outlives the process. */
  async process(place: string, settings: Settings = {}, more: Partial<VaultSettings> = {}): Promise<VaultProcess> {
    const process = await VaultProcess.start({
      databaseUrl: this.postgres.url,
      masterKeys: this.masterKeys,
      redisUrl: null,
      clockShiftMs: 0,
      poolSize: 6,
      sabotage: [],
      views: this.views,
      ...more,
      settings: { spillDir: this.spillDirectoryOf(place), refreshBudget: WIDE, ...settings },
    });
    this.processes.add(process);
    return process;
  }

  spillDirectoryOf(place: string): string {
    return join(this.directory, place);
  }

  async connect(process: VaultProcess, kind: ProviderClass, count = 1): Promise<Account[]> {
    const { connectionId } = this.views[providerClasses.indexOf(kind)]!;
    return Promise.all(
      Array.from({ length: count }, async () => {
        const account = { personId: randomUUID(), connectionId, grant: randomUUID() };
        return { ...account, ...(await process.ask('redeem', account)) };
      }),
    );
  }

  /** Their access tokens are over. Used today: the batch that says so would wait for a refresh held in its commit. */
  async expire(accounts: readonly Account[]): Promise<void> {
    await this.sql.query(
      `UPDATE tokensets SET access_issued_at = clock_timestamp() - interval '2 hours',
         access_expires_at = clock_timestamp() - interval '1 second', next_attempt_at = NULL,
         last_used_at = clock_timestamp() WHERE id = ANY($1)`,
      [accounts.map(({ tokensetId }) => tokensetId)],
    );
  }

  /** Used today, as above. */
  async used(accounts: readonly Account[]): Promise<void> {
    const ids = accounts.map(({ tokensetId }) => tokensetId);
    await this.sql.query('UPDATE tokensets SET last_used_at = clock_timestamp() WHERE id = ANY($1)', [ids]);
  }

  /** As if as much time had passed. */
  async endLeases(accounts: readonly Account[]): Promise<void> {
    await this.sql.query(
      `UPDATE tokensets SET lease_until = clock_timestamp() WHERE id = ANY($1) AND lease_until > clock_timestamp()`,
      [accounts.map(({ tokensetId }) => tokensetId)],
    );
  }

  /** The wait after a failure is over. */
  async cool(accounts: readonly Account[]): Promise<void> {
    const ids = accounts.map(({ tokensetId }) => tokensetId);
    await this.sql.query('UPDATE tokensets SET next_attempt_at = NULL WHERE id = ANY($1)', [ids]);
  }

  async rows(accounts: readonly Account[]): Promise<Map<string, TokensetRow>> {
    const { rows } = await this.sql.query<TokensetRow>(
      'SELECT id, status, reason, cred_version, event_version FROM tokensets WHERE id = ANY($1)',
      [accounts.map(({ tokensetId }) => tokensetId)],
    );
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** How many have an attempt on their present version of which nobody knows what it came to. */
  async open(accounts: readonly Account[]): Promise<number> {
    const { rows } = await this.sql.query<{ count: number }>(
      `SELECT count(DISTINCT t.id)::int AS count FROM refresh_attempts a JOIN tokensets t ON t.id = a.tokenset_id
       WHERE a.base_version = t.cred_version AND t.status = 'active' AND a.state IN ('sent', 'unknown')
         AND t.id = ANY($1)`,
      [accounts.map(({ tokensetId }) => tokensetId)],
    );
    return rows[0]!.count;
  }

  /** I6: every version has one event, and the numbers have no gaps. Ids of those that break it. */
  async brokenHistories(accounts: readonly Account[]): Promise<string[]> {
    const { rows } = await this.sql.query<{ id: string }>(
      `SELECT t.id FROM tokensets t JOIN outbox o ON o.aggregateid = t.id WHERE t.id = ANY($1)
       GROUP BY t.id, t.cred_version, t.event_version
       HAVING count(*) <> t.event_version OR count(DISTINCT o.sequence) <> t.event_version
         OR max(o.sequence) <> t.event_version
         OR count(*) FILTER (WHERE o.type ~ 'tokenset[.](created|refreshed|recovered)') <> t.cred_version`,
      [accounts.map(({ tokensetId }) => tokensetId)],
    );
    return rows.map(({ id }) => id);
  }
}

export interface TokensetRow {
  id: string;
  status: string;
  reason: string | null;
  cred_version: number;
  event_version: number;
}

/** Waits for a condition; what it last saw is in the error. */
export async function until<T>(look: () => Promise<T>, is: (seen: T) => boolean, seconds = 30): Promise<T> {
  for (const end = performance.now() + seconds * 1000; ; await sleep(50)) {
    const seen = await look();
    if (is(seen)) return seen;
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${JSON.stringify(seen)}`);
  }
}

function viewOf(kind: ProviderClass, provider: string): ConnectionView {
  const refresh = REFRESH[kind];
  return {
    connectionId: `con_${kind}`,
    name: `tool-${kind}`,
    displayName: 'Tool',
    strategy: 'oauth2',
    vaultActive: true,
    loginActive: false,
    fillsAtSignIn: false,
    allowMissingUserId: false,
    enabledForClient: true,
    options: {
      client_id: 'upstream-client',
      authorizationURL: `${provider}/authorize`,
      tokenURL: `${provider}/${kind}/token`,
      scope: 'read write',
      useOauthSpecScope: true,
      provider_settings: {
        identity: { request: { method: 'GET', url: `${provider}/me` }, subject: ['request#/sub'] },
        refresh,
        tokenRequest: { refreshScope: 'when-narrowing' },
      },
    },
    metadata: null,
    tokenOrigin: provider,
  };
}
