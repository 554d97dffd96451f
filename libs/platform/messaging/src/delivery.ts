import { BaseRpcContext } from '@nestjs/microservices';
import type { WireEvent } from '@strongroom/contracts';
import type { EntityManager } from 'typeorm';

/** Runs `work` in the consumer's transaction, with the check for parked keys inside. */
export type InTransaction<Given> = <T>(work: (tx: EntityManager, given: Given) => Promise<T>) => Promise<T>;

/**
 * What a handler gets beside the event. Its effect belongs into `transaction`, called once; ports are asked before.
 * If an earlier event of the same key is parked, `transaction` parks this one behind it and throws: let it pass.
 */
export class Delivery extends BaseRpcContext {
  private called = false;

  constructor(private readonly run: InTransaction<void>) {
    super([]);
  }

  transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    if (this.called) throw new Error('a delivery has one transaction');
    this.called = true;
    return this.run(work);
  }

  /** A handler that wrote nothing must not overtake a parked event of its key either. */
  async finish(): Promise<void> {
    if (!this.called) await this.transaction(() => Promise.resolve());
  }
}

/** For handlers of batches: `transaction` hands on those of the events whose keys are not parked, and stores the offsets. */
export class BatchDelivery extends BaseRpcContext {
  constructor(private readonly run: InTransaction<WireEvent[]>) {
    super([]);
  }

  transaction<T>(work: (tx: EntityManager, events: WireEvent[]) => Promise<T>): Promise<T> {
    return this.run(work);
  }
}
