import type { EntityManager } from 'typeorm';
import { RekeyRunningError } from '../crypto.errors.js';
import { InstallationKeys } from '../installation-keys.js';
import type { KeyRing } from '../key-ring.js';
import { changeOf, keyRows, keyStatus } from './key-rows.js';
import { forgetDeadProcesses } from './live-processes.js';
import { type MovedKey, storeWrapped, wrappedByFirst } from './master-key-change.js';
import type { KeyringChange, KeyRotationOptions, KeyStatus } from './rotation.types.js';
import { RotationSteps } from './rotation-steps.js';

const LOCK = `hashtextextended('strongroom key rotation ' || current_schema(), 0)`;
const REST_MS = { least: 50, most: 1_000 };

/**
 * Moves a context from one installation key to the next while requests run, and lets go of the old one only when it is
 * proved that nothing needs it (`spec/encryption.md` §5).
 *
 * Everything it knows stands in the database and each step is one transaction, so it goes on after a crash, in
 * whichever process comes first.
 */
export class KeyRotation {
  private readonly ring: KeyRing;
  private readonly keys: InstallationKeys;
  private readonly steps: RotationSteps;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isStopped = true;

  constructor(private readonly options: KeyRotationOptions) {
    this.ring = options.ring;
    const { database, masterKeys, context } = this.ring.options;
    this.keys = new InstallationKeys(database, masterKeys, context);
    this.steps = new RotationSteps(options);
  }

  /** Runs a step whenever one is due, in each process; of several, one at a time does. */
  start(): void {
    this.isStopped = false;
    this.schedule();
  }

  /** Lets the running step finish. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** One step, if one is due and no other process is at it. */
  async tick(): Promise<void> {
    if (this.ring.isSealed) return;
    if (await this.isBehind()) await this.ring.reload();
    const moved = await wrappedByFirst(this.keys, this.ring.installationId);
    const said = await this.keys.database.transaction(async (tx) => {
      if (!(await isAlone(tx)) || (await this.isBehind(tx))) return undefined;
      await forgetDeadProcesses(tx);
      const step = moved.length > 0 ? await this.storeWrapped(tx, moved) : await this.steps.next(tx);
      if (step) await this.say(tx, step);
      return step;
    });
    if (said) await this.ring.reload();
  }

  /**
   * Begins a rotation.
   *
   * @throws RekeyRunningError
   */
  async rekey(): Promise<void> {
    const { database } = this.keys;
    const rows = await keyRows(database.manager);
    const made = await this.keys.make(this.ring.installationId, rows.at(-1)!.version + 1);
    await database.transaction(async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(${LOCK})`);
      const added: unknown[] = await tx.query(
        `insert into installation_keys (id, version, state, wrapped, check_record, master_key_id)
         select $1, $2, 'pre_active', $3, $4, $5
         where not exists (select from installation_keys where state in ('pre_active', 'retiring') or wanted_at is not null)
         on conflict do nothing returning id`,
        [made.id, made.version, made.wrapped, made.check_record, made.master_key_id],
      );
      if (added.length === 0) throw new RekeyRunningError();
      await this.say(tx, 'created');
    });
    await this.ring.reload();
  }

  status(): Promise<KeyStatus[]> {
    return keyStatus(this.keys.database.manager, this.keys.context, this.options.targets);
  }

  private async storeWrapped(
    tx: EntityManager,
    moved: readonly MovedKey[],
  ): Promise<KeyringChange['step'] | undefined> {
    const hasChanged = await storeWrapped(tx, moved, this.keys.masterKeys.keyNames[0]!);
    return hasChanged ? 'master_key_changed' : undefined;
  }

  private async say(tx: EntityManager, step: KeyringChange['step']): Promise<void> {
    const { targets, say, logger } = this.options;
    const change = await changeOf(tx, this.keys.context, targets, step);
    logger?.info({ ...change }, 'the key ring has changed');
    await say(tx, change);
  }

  /** Our ring and the tables differ: records would be moved to a key that is not the primary any more. */
  private async isBehind(tx: EntityManager = this.keys.database.manager): Promise<boolean> {
    const rows = await keyRows(tx);
    return rows.some(({ id, state, is_wanted }) => !is_wanted && this.ring.stateOf(id) !== state);
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.running = this.tick()
        .catch((error: unknown) => this.options.logger?.warn({ err: error }, 'a step of the key rotation failed'))
        .then(() => {
          if (!this.isStopped) this.schedule();
        });
    }, this.restMs()).unref();
  }

  /** No longer than a batch of 200 may take, so that the pace can be kept. */
  private restMs(): number {
    return Math.min(REST_MS.most, Math.max(REST_MS.least, 200_000 / this.options.rowsPerSecond));
  }
}

async function isAlone(tx: EntityManager): Promise<boolean> {
  const rows: { is_ours: boolean }[] = await tx.query(`select pg_try_advisory_xact_lock(${LOCK}) as is_ours`);
  return rows[0]!.is_ours;
}
