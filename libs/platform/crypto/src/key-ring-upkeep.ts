import { KeyRingBehindError, NoKeyForSealedRowsError } from './crypto.errors.js';
import { HeldKeys } from './held-keys.js';
import { type InstallationKeyRow, InstallationKeys } from './installation-keys.js';
import type { KeyUsage } from './key-counters.js';
import { KeyLoads, type Load } from './key-loads.js';
import type { KeyRingOptions } from './key-ring.options.js';
import type { KeyState } from './rotation/rotation.types.js';
import type { SealingKey } from './sealing-key.js';
import { UnreadableRecord } from './unreadable-record.error.js';

interface Moment {
  monotonic: number;
  wall: number;
}

/** The stored keys as they were when they were last read. */
interface View {
  installationId: string;
  primaryId: string;
  states: ReadonlyMap<string, KeyState>;
  readAt: Moment;
}

const RELOAD_MS = 5_000;
/** Shorter than the time after which a rotation no longer waits for a process. */
const BEHIND_AFTER_MS = 20_000;
/** Shorter than the day for which a retired key is kept: what is sealed under it until then is found and moved. */
const SEAL_NOTHING_AFTER_MS = 12 * 3_600_000;
/** What was read longer ago may have changed meanwhile without anybody having waited for us. */
const TAKE_OVER_WITHIN_MS = 15_000;
const RETRY_MS = { first: 250, most: 2_000 };
/** Records that name no key must not become a query each. */
const HURRY_MS = 1_000;
const CACHE_SECONDS = 300;

/** Keeps a ring in step with its tables and with the key service. */
export class KeyRingUpkeep {
  readonly listeners: (() => Promise<void>)[] = [];
  private readonly keys: InstallationKeys;
  private readonly held: HeldKeys;
  private readonly loads: KeyLoads;
  private readonly now: () => number;
  private current: View | undefined;
  private running: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isEnded = false;
  private failures = 0;
  private hurriedAt = -Infinity;
  private readonly saidUnknown = new Set<string>();
  /** Seals that are counted in the database already. */
  private readonly counted = new Map<string, number>();

  constructor(
    private readonly options: KeyRingOptions,
    private readonly usage: KeyUsage,
  ) {
    const { database, masterKeys, context, masterKeyCacheSeconds = CACHE_SECONDS, logger } = options;
    this.now = options.now ?? (() => performance.now());
    this.keys = new InstallationKeys(database, masterKeys, context);
    this.held = new HeldKeys(this.keys, usage, masterKeyCacheSeconds * 1000, this.now, logger);
    this.loads = new KeyLoads(database);
  }

  /** @throws NoKeyForSealedRowsError */
  async begin(): Promise<void> {
    await this.round();
    const corrupt = [...(this.current?.states ?? [])].find(
      ([id, state]) => NEEDED.includes(state) && this.held.isCorrupt(id),
    );
    if (corrupt) {
      await this.leave();
      throw new NoKeyForSealedRowsError(this.options.context, corrupt[0]);
    }
    this.failures = this.held.isInTrouble ? 1 : 0;
    if (!this.options.isObserver) this.schedule();
  }

  async end(): Promise<void> {
    this.isEnded = true;
    clearTimeout(this.timer);
    await this.running?.catch(() => undefined);
    this.held.clear();
    if (this.options.isObserver || !this.options.database.isInitialized) return;
    await this.loads.leave().catch(() => undefined); // without a database: the others wait for half a minute
  }

  get view(): View {
    if (!this.current) throw this.held.unavailable();
    return this.current;
  }

  get isOpen(): boolean {
    return this.current !== undefined && this.held.has(this.current.primaryId);
  }

  primary(): SealingKey {
    const { primaryId, readAt } = this.view;
    if (this.msSince(readAt) > SEAL_NOTHING_AFTER_MS) throw new KeyRingBehindError(primaryId);
    return this.held.get(primaryId);
  }

  byId(id: string): SealingKey {
    switch (this.view.states.get(id)) {
      case 'pre_active':
      case 'primary':
      case 'retiring':
        if (this.held.isCorrupt(id)) throw this.behind(id);
        return this.held.get(id);
      case 'retired':
        throw this.retired(id);
      case 'destroyed':
        throw this.unknown(id);
      case undefined:
        this.hurry();
        throw this.msSince(this.view.readAt) > BEHIND_AFTER_MS ? this.behind(id) : this.unknown(id);
    }
  }

  until(id: string): number {
    return this.held.until(id);
  }

  /** One look at the tables, and what follows from it. Who asks while one runs gets that one. */
  round(): Promise<void> {
    return (this.running ??= this.look().finally(() => (this.running = undefined)));
  }

  /** As `round`, and what was stored before the call is seen. */
  async reload(): Promise<void> {
    await this.running?.catch(() => undefined);
    await this.round();
  }

  private async look(): Promise<void> {
    try {
      await this.lookAtTables();
    } catch (error) {
      // A database that is away is no reason to let go of the keys: an answer of a provider may wait to be sealed.
      if (this.current) await this.held.unwrapDue(this.current.installationId);
      throw error;
    }
  }

  private async lookAtTables(): Promise<void> {
    if (!this.options.isObserver) await this.loads.present();
    const installationId = await this.installationId();
    if (installationId === undefined) return this.leave();
    const readAt = { monotonic: this.now(), wall: Date.now() };
    const rows = await this.keys.rows();
    const states = new Map(rows.map((row) => [row.id, stateOf(row)]));
    const primaryId = rows.find(({ state }) => state === 'primary')?.id;
    if (primaryId === undefined) throw new NoKeyForSealedRowsError(this.options.context);
    this.held.want(rows.filter((row) => OPENS.includes(stateOf(row))));
    await this.held.unwrapDue(installationId);
    if (this.msSince(readAt) > TAKE_OVER_WITHIN_MS) return this.lookAtTables();
    this.current = { installationId, primaryId, states, readAt };
    if (!this.isOpen) return this.leave();
    if (!this.options.isObserver) await this.tell();
    for (const listener of this.listeners) await listener();
  }

  private async installationId(): Promise<string | undefined> {
    const known = this.current?.installationId ?? (await this.keys.installationId());
    if (known !== undefined || this.options.isObserver) return known;
    try {
      return await this.keys.create();
    } catch (error) {
      this.held.couldNotWrap(error);
      return undefined;
    }
  }

  private async leave(): Promise<void> {
    if (!this.options.isObserver) await this.loads.leave();
  }

  private async tell(): Promise<void> {
    const { states } = this.view;
    const [wraps, ...opens] = this.options.masterKeys.keyNames;
    const loads: Load[] = [...states].flatMap(([key, state]) =>
      this.held.has(key) ? [{ kind: 'installation', key, state }] : [],
    );
    if (wraps !== undefined) loads.push({ kind: 'master', key: wraps, state: 'wraps' });
    for (const key of opens) loads.push({ kind: 'master', key, state: 'opens' });
    await this.loads.report(loads);
    for (const id of states.keys()) await this.countSeals(id);
  }

  /** Over all processes and starts: a limit of a key is not one of a process. */
  private async countSeals(id: string): Promise<void> {
    const here = this.usage.sealsUnder(id);
    const fresh = here - (this.counted.get(id) ?? 0);
    if (fresh === 0) return;
    const [rows] = await this.options.database.query<[{ sealed: string }[], number]>(
      'update installation_keys set sealed = sealed + $2 where id = $1 returning sealed',
      [id, fresh],
    );
    this.counted.set(id, here);
    if (rows[0]) this.usage.watch(id, Number(rows[0].sealed));
  }

  private behind(id: string): KeyRingBehindError {
    this.usage.failed('behind');
    this.hurry();
    return new KeyRingBehindError(id);
  }

  private unknown(id: string): UnreadableRecord {
    this.usage.failed('unknown_key');
    if (!this.saidUnknown.has(id) && this.saidUnknown.size < 1000) {
      this.saidUnknown.add(id);
      this.options.logger?.warn({ keyId: id }, 'a record names a key that does not exist');
    }
    return new UnreadableRecord();
  }

  /** Somebody needs it although it was proved that nobody does: it opens again, and its records move on. */
  private retired(id: string): KeyRingBehindError {
    this.usage.failed('retired_key');
    this.options.logger?.error({ keyId: id }, 'a record needs a retired key; the key comes back');
    if (!this.options.isObserver)
      this.options.database
        .query(`update installation_keys set wanted_at = clock_timestamp() where id = $1 and state = 'retired'`, [id])
        .then(() => this.hurry())
        .catch((error: unknown) =>
          this.options.logger?.error({ err: error, keyId: id }, 'the key could not come back'),
        );
    return new KeyRingBehindError(id);
  }

  /** By both clocks: one of them stands still while the machine sleeps, the other one may be set back. */
  private msSince({ monotonic, wall }: Moment): number {
    return Math.max(this.now() - monotonic, Date.now() - wall);
  }

  private hurry(): void {
    if (this.isEnded || this.options.isObserver || this.now() - this.hurriedAt < HURRY_MS) return;
    this.hurriedAt = this.now();
    void this.roundInBackground();
  }

  private schedule(): void {
    const ms = this.failures === 0 ? this.restMs() : retryMs(this.failures);
    this.timer = setTimeout(
      () => void this.roundInBackground().then(() => this.isEnded || this.schedule()),
      ms,
    ).unref();
  }

  private restMs(): number {
    const { reloadMs = RELOAD_MS, masterKeys, masterKeyCacheSeconds = CACHE_SECONDS } = this.options;
    return masterKeys.isRemote ? Math.min(reloadMs, masterKeyCacheSeconds * 250) : reloadMs;
  }

  private async roundInBackground(): Promise<void> {
    if (this.isEnded || !this.options.database.isInitialized) return;
    try {
      await this.round();
      this.failures = this.held.isInTrouble ? this.failures + 1 : 0;
    } catch (error) {
      if (this.failures++ === 0) this.options.logger?.warn({ err: error }, 'the key ring could not be looked at');
    }
  }
}

const OPENS: readonly KeyState[] = ['pre_active', 'primary', 'retiring'];
/** Without these something that is stored would not open. Nothing is sealed under a new key while one of us lacks it. */
const NEEDED: readonly KeyState[] = ['primary', 'retiring'];

const stateOf = (row: InstallationKeyRow): KeyState =>
  row.state === 'retired' && row.is_wanted ? 'retiring' : row.state;

const retryMs = (failures: number): number =>
  Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
