import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { type Actor, keyringChanged } from '@strongroom/contracts';
import type { KeyringChange } from '@strongroom/crypto';
import { Outbox } from '@strongroom/messaging';
import type { EntityManager } from 'typeorm';

/** Says every step of a rotation, in the transaction of the step. */
@Injectable()
export class KeyringChanges {
  private readonly asker = new AsyncLocalStorage<Actor>();

  constructor(private readonly outbox: Outbox) {}

  /** What `work` changes is said in the name of whoever asked for it; later steps are the system's own. */
  askedBy(actor: Actor, work: () => Promise<void>): Promise<void> {
    return this.asker.run(actor, work);
  }

  async say(tx: EntityManager, change: KeyringChange): Promise<void> {
    // The row makes two steps wait for each other, so that their order is that of their sequence.
    const [rows] = await tx.query<[{ sequence: number }[], number]>(
      'UPDATE keyring_said SET sequence = sequence + 1 RETURNING sequence::integer',
    );
    await this.outbox.add(tx, keyringChanged, {
      id: change.context,
      sequence: rows[0]!.sequence,
      data: { ...change, actor: this.asker.getStore() ?? { kind: 'system' } },
    });
  }
}
