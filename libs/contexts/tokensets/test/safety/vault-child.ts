/**
 * One process of tokensets as an app runs it, from the built code, for a parent that asks over the channel and kills.
 * Node reads this file as it is: types that can be erased and nothing else.
 */
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type * as CustodyFile from '../../src/custody/custody.js';
import type * as CrashPointsFile from '../../src/refresh/crash-points.js';
import type * as RefreshTypesFile from '../../src/refresh/refresh.types.js';
import type * as DatabaseFile from '../../src/tokensets.database.js';
import type * as ModuleFile from '../../src/tokensets.module.js';
import type * as SabotageFile from './sabotage.js';
import type { CrashPoint } from '../../src/refresh/crash-points.js';
import type { Asked, Calls, Said, Told, VaultSettings } from './vault-protocol.js';

const say = (said: Said): void => void process.send?.(said);
const given = await new Promise<VaultSettings>((settle) => process.once('message', settle as never));
if (given.clockShiftMs !== 0) shiftClock(given.clockShiftMs);
process.on('disconnect', () => process.exit(1)); // the parent has gone

const { Global, Module } = await import('@nestjs/common');
const { Test } = await import('@nestjs/testing');
const { Bearer, ConnectionDirectory, IntakeKeys, People, TokenVault } = await import('@strongroom/contracts');
const { ConfiguredMasterKeys, KeyRotation, sealBox } = await import('@strongroom/crypto');
const { Egress } = await import('@strongroom/egress');
const { PublicUrl } = await import('@strongroom/http');
const { InProcessLocks, RedisConnection, RedisLocks } = await import('@strongroom/locking');
const { createLogger, LOGGER } = await import('@strongroom/observability');
const { contextDatabase } = await import('@strongroom/persistence');
const { Catalogue } = await import('@strongroom/providers');
const { DataSource } = await import('typeorm');
const { TokensetsModule } = await built<typeof ModuleFile>('tokensets.module.js');
const { tokensetsDatabase } = await built<typeof DatabaseFile>('tokensets.database.js');
const { CrashPoints } = await built<typeof CrashPointsFile>('refresh/crash-points.js');
const { Spill, RefreshStore } = await built<typeof RefreshTypesFile>('refresh/refresh.types.js');
const { Custody } = await built<typeof CustodyFile>('custody/custody.js');
const { sabotaged } = (await import(new URL('./sabotage.ts', import.meta.url).href)) as typeof SabotageFile;

const logger = createLogger(process.env['STRONGROOM_TEST_LOG'] ?? 'silent');
const views = new Map(given.views.map((view) => [view.connectionId, view]));
const secrets = new Map<string, string>();
const held = new Map<string, CrashPoint>();

class Directory extends ConnectionDirectory {
  override byName = (name: string) => Promise.resolve([...views.values()].find((view) => view.name === name) ?? null);
  override byId = (connectionId: string) => Promise.resolve(views.get(connectionId) ?? null);
  override ofClient = () => Promise.resolve([...views.values()]);
  override deleted = () => Promise.resolve(null);
  override async credentials(connectionId: string) {
    if (!secrets.has(connectionId)) {
      const field = { purpose: 'connection-credential', field: 'client_secret' } as const;
      const owner = { connectionId, ownerId: connectionId };
      secrets.set(connectionId, await sealBox(await intakeKey(), { ...field, ...owner }, 'cnry_client_secret'));
    }
    return { clientId: 'upstream-client', secretBox: secrets.get(connectionId)! };
  }
}

class Persons extends People {
  override get = (personId: string) =>
    Promise.resolve({ personId, userId: `auth0|${personId}`, displayName: 'Ann', blocked: false });
  override byUserId = () => Promise.resolve(null);
}

class NoBearer extends Bearer {
  override check = () => Promise.reject(new Error('nobody calls over HTTP here'));
}

let letGo: (() => void)[] = [];

/** Whoever is to be held stays where it is until it is let go, or the process is killed. */
class Holding extends CrashPoints {
  override at(point: CrashPoint, tokensetId: string): Promise<void> | void {
    if (held.get(tokensetId) !== point) return;
    say({ said: 'held', tokensetId, point });
    return new Promise((settle) => letGo.push(settle));
  }
}

const ports = [
  { provide: ConnectionDirectory, useValue: new Directory() },
  { provide: People, useValue: new Persons() },
  { provide: Bearer, useValue: new NoBearer() },
  { provide: Egress, useValue: new Egress({ allow: ['http://127.0.0.1:*'] }) },
  { provide: Catalogue, useValue: Catalogue.shipped() },
  { provide: PublicUrl, useValue: new PublicUrl('https://vault.example.com') },
  { provide: LOGGER, useValue: logger },
];
class Ports {}
Module({ providers: ports, exports: ports.map(({ provide }) => provide) })(Ports);
Global()(Ports);

const { databaseUrl, poolSize, redisUrl, settings } = given;
const context = TokensetsModule.forRoot({
  databaseUrl,
  masterKeys: ConfiguredMasterKeys.parse(given.masterKeys),
  locks: redisUrl ? new RedisLocks(new RedisConnection(redisUrl, logger)) : new InProcessLocks(),
  ...settings,
});
const wide = { ...contextDatabase({ ...tokensetsDatabase(databaseUrl), poolSize }) };
const app = await Test.createTestingModule({ imports: [Ports, context] })
  .overrideProvider(DataSource)
  .useFactory({ factory: () => new DataSource(wide).initialize() })
  .overrideProvider(CrashPoints)
  .useValue(new Holding())
  .compile();
await sabotaged(app, given.sabotage, { Spill, RefreshStore });
await app.init();

const vault = app.get(TokenVault, { strict: false });
const intakeKey = () => app.get(IntakeKeys, { strict: false }).current();

const answers: { [K in keyof Calls]: (asks: Calls[K]['asks']) => Promise<Calls[K]['answer']> } = {
  async redeem({ personId, connectionId, grant }) {
    const sessionId = `cs_${randomUUID().replaceAll('-', '')}`;
    const intake = await intakeKey();
    const box = (purpose: 'provider-code' | 'pkce-verifier', field: string, text: string) =>
      sealBox(intake, { purpose, connectionId, ownerId: sessionId, field }, text);
    return vault.redeem({
      sessionId,
      personId,
      userId: `auth0|${personId}`,
      clientId: 'app',
      connectionId,
      codeBox: await box('provider-code', 'code', `cnry_code_${grant}`),
      verifierBox: await box('pkce-verifier', 'verifier', 'cnry_verifier'),
      redirectUri: 'https://vault.example.com/connect/callback/tool',
      nonce: null,
      scopesAsked: ['read', 'write'],
      captured: {},
      params: {},
      queryBox: null,
      codeReceiver: null,
      pinnedAccountId: null,
    });
  },
  tokens: ({ accounts, callers }) =>
    Promise.all(accounts.flatMap((account) => Array.from({ length: callers }, () => token(account)))),
  hold({ points }) {
    for (const [tokensetId, point] of points) held.set(tokensetId, point);
    return Promise.resolve(null);
  },
  letGo() {
    held.clear();
    for (const goOn of letGo) goOn();
    letGo = [];
    return Promise.resolve(null);
  },
  async stored({ tokensetIds }) {
    const rows: StoredRow[] = await app.get(DataSource, { strict: false }).query(
      `SELECT t.id, person_id, connection_id, provider_subject, token_origin, cred_version, refresh_sealed, t.key_id,
         wrapped FROM tokensets t LEFT JOIN tokenset_keys k ON k.key_id = t.key_id WHERE t.id = ANY($1)`,
      [tokensetIds],
    );
    return Object.fromEntries(rows.map((row) => [row.id, row.refresh_sealed && serialOf(opened(row))]));
  },
  async rekey() {
    await app.get(KeyRotation, { strict: false }).rekey();
    return null;
  },
  keys: () => app.get(KeyRotation, { strict: false }).status(),
  async close() {
    await app.close();
    return null;
  },
};

process.on('message', (asked: Asked) => {
  const { id, call, asks } = asked;
  (answers[call] as (asks: unknown) => Promise<unknown>)(asks).then(
    (answer) => {
      say({ said: 'answer', id, answer });
      if (call === 'close') process.disconnect();
    },
    (error: unknown) => say({ said: 'failed', id, error: error instanceof Error ? error.stack! : String(error) }),
  );
});
say({ said: 'up' });

async function token(account: Calls['tokens']['asks']['accounts'][number]): Promise<Told> {
  const rest = { clientId: 'app', hint: null, minimumSeconds: null, mayRefresh: true };
  try {
    const { accessToken, expiresIn, refreshed } = (await vault.accessToken({ ...account, ...rest }))!;
    const isPart = accessToken.startsWith('cnry_part_');
    return { serial: serialOf(accessToken), grant: accessToken.split('_').at(-2)!, isPart, expiresIn, refreshed };
  } catch (error) {
    const { status, code, details = {} } = error as { status: number; code: string; details?: Record<string, unknown> };
    if (status === undefined) throw error;
    const { reason = null, cause = null, retry_after: retryAfter = null } = details as Record<string, never>;
    return { status, code, reason, cause, retryAfter };
  }
}

interface StoredRow {
  id: string;
  person_id: string;
  connection_id: string;
  provider_subject: string;
  token_origin: string;
  cred_version: number;
  refresh_sealed: Buffer | null;
  key_id: string;
  wrapped: Buffer | null;
}

function opened(row: StoredRow): string {
  const place = {
    tokensetId: row.id,
    personId: row.person_id,
    connectionId: row.connection_id,
    providerSubject: row.provider_subject,
    tokenOrigin: row.token_origin,
    credVersion: row.cred_version,
  };
  const key = { keyId: row.key_id, keyWrapped: row.wrapped };
  return app.get(Custody, { strict: false }).open(place, key, 'refresh', row.refresh_sealed!);
}

function serialOf(token: string): number {
  return Number(token.split('_').at(-1));
}

function built<T>(path: string): Promise<T> {
  return import(new URL(`../../dist/${path}`, import.meta.url).href) as Promise<T>;
}

/** As if this machine's clock were wrong; timers and the monotonic clock go on as they are. */
function shiftClock(ms: number): void {
  const Real = Date;
  globalThis.Date = new Proxy(Real, {
    construct: (target, args: unknown[]) =>
      Reflect.construct(target, args.length > 0 ? args : [Real.now() + ms]) as Date,
    get: (target, key) => (key === 'now' ? () => Real.now() + ms : (Reflect.get(target, key) as unknown)),
  });
}
