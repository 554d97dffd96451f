import type { EntityManager } from 'typeorm';
import { type KeyRow, keyRows } from './key-rows.js';
import { everyProcessHas } from './live-processes.js';
import { headersUnder, recordsUnder } from './record-counts.js';
import { rewrapBatch } from './rewrap.js';
import type { KeyringChange, KeyRotationOptions, KeyState } from './rotation.types.js';

type Said = KeyringChange['step'];

const RETIRED_SECONDS = 24 * 3600;
const SETTLE_SECONDS = 10;
/** Between two passes over what would not move. */
const NEXT_PASS_SECONDS = 2;
const NEXT_PROOF_MS = 60_000;

/** The steps of `spec/encryption.md` §5 from the second on: each looks at the database alone, and does one thing. */
export class RotationSteps {
  private readonly retiredSeconds: number;
  private readonly settleSeconds: number;
  /** Keys that could not be destroyed, and when the next proof is due. */
  private readonly disproved = new Map<string, number>();

  constructor(private readonly options: KeyRotationOptions) {
    this.retiredSeconds = options.retiredSeconds ?? RETIRED_SECONDS;
    this.settleSeconds = options.settleSeconds ?? SETTLE_SECONDS;
  }

  /** The first step that is due. @returns what is to be said of it */
  async next(tx: EntityManager): Promise<Said | undefined> {
    const rows = await keyRows(tx);
    const inState = (state: KeyState) => rows.filter((row) => row.state === state);
    const primary = inState('primary')[0]!;
    for (const key of inState('retired')) if (await this.isNeeded(tx, key)) return this.putBack(tx, key);
    for (const key of inState('pre_active')) if (await this.isLoaded(tx, key)) return this.promote(tx, primary, key);
    for (const key of inState('retiring')) {
      if (await this.move(tx, key)) return undefined;
      if (await this.mayRetire(tx, primary, key)) return this.retire(tx, key);
    }
    for (const key of inState('retired')) if (await this.mayDestroy(tx, key)) return this.destroy(tx, key);
    return undefined;
  }

  /** Asked for, or found under a record that was stored late. */
  private async isNeeded(tx: EntityManager, { id, is_wanted }: KeyRow): Promise<boolean> {
    return is_wanted || (await recordsUnder(tx, this.options.targets, id)) > 0;
  }

  private async putBack(tx: EntityManager, { id }: KeyRow): Promise<Said> {
    this.options.logger?.error({ keyId: id }, 'a retired key is needed after all; its records move once more');
    await become(tx, id, 'retiring');
    return 'put_back';
  }

  private isLoaded(tx: EntityManager, { id }: KeyRow): Promise<boolean> {
    return everyProcessHas(tx, { kind: 'installation', key: id, states: ['pre_active', 'primary'] });
  }

  private async promote(tx: EntityManager, old: KeyRow, fresh: KeyRow): Promise<Said> {
    await become(tx, old.id, 'retiring');
    await become(tx, fresh.id, 'primary');
    await tx.query('update installation_keys set to_move = $2 where id = $1', [
      old.id,
      await recordsUnder(tx, this.options.targets, old.id),
    ]);
    return 'promoted';
  }

  /** One batch, at the wanted pace. False: there is nothing to move. */
  private async move(tx: EntityManager, { id, is_due }: KeyRow): Promise<boolean> {
    if (!is_due) return true;
    const { rowsPerSecond } = this.options;
    const looked = await rewrapBatch(tx, this.options, id, Math.max(1, rowsPerSecond));
    const isLeft = looked === 0 && (await recordsUnder(tx, this.options.targets, id)) > 0;
    if (looked === 0 && !isLeft) return false;
    await tx.query(
      'update installation_keys set next_batch_at = clock_timestamp() + make_interval(secs => $2) where id = $1',
      [id, isLeft ? NEXT_PASS_SECONDS : looked / rowsPerSecond],
    );
    return true;
  }

  /**
   * Nothing is sealed under it any more, and nothing will be: every process has sealed under the new one for a while,
   * so what was sealed before has been stored, or comes to light before the key is destroyed.
   */
  private async mayRetire(tx: EntityManager, primary: KeyRow, { id }: KeyRow): Promise<boolean> {
    const wanted = { kind: 'installation', key: primary.id, states: ['primary'] } as const;
    return (
      (await everyProcessHas(tx, { ...wanted, sinceSeconds: this.settleSeconds })) &&
      (await recordsUnder(tx, this.options.targets, id)) === 0
    );
  }

  private async retire(tx: EntityManager, { id }: KeyRow): Promise<Said> {
    await become(tx, id, 'retired');
    return 'retired';
  }

  /** Column and headers have to agree. The key is lost for ever after this, and everything under it. */
  private async mayDestroy(tx: EntityManager, { id, retired_seconds }: KeyRow): Promise<boolean> {
    if (retired_seconds < this.retiredSeconds) return false;
    if ((this.disproved.get(id) ?? -Infinity) > performance.now()) return false;
    const headers = await headersUnder(tx, this.options.targets, id);
    if (headers === 0) return true;
    this.disproved.set(id, performance.now() + NEXT_PROOF_MS);
    this.options.logger?.error({ keyId: id, headers }, 'records name a key that their columns do not; it is kept');
    return false;
  }

  private async destroy(tx: EntityManager, { id }: KeyRow): Promise<Said> {
    await tx.query('delete from rewrap_cursors where key_id = $1', [id]);
    await tx.query(
      `update installation_keys set state = 'destroyed', wrapped = null, check_record = null,
         state_changed_at = clock_timestamp() where id = $1`,
      [id],
    );
    return 'destroyed';
  }
}

async function become(tx: EntityManager, id: string, state: KeyState): Promise<void> {
  await tx.query(
    `update installation_keys set state = $2, state_changed_at = clock_timestamp(), wanted_at = null,
       next_batch_at = null where id = $1`,
    [id, state],
  );
}
