import { randomUUID } from 'node:crypto';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { EventContract } from '@strongroom/contracts';
import { type OutboxEntry, outboxInsert } from '@strongroom/messaging';
import { GroupsByArrival, isOfItsData, Wires } from '@strongroom/persistence';
import { AuditUnavailableError } from './exchange.errors.js';

interface Waiting {
  event: OutboxEntry;
  durable: () => void;
  failed: (error: unknown) => void;
}

const MOST = { inFlight: 2, inGroup: 200 };

/**
 * Writes the audit rows of exchanges in groups by arrival: one insert goes out as soon as fewer than two are in
 * flight, and whatever came meanwhile is the next group. No timer: waiting 5 ms for a fuller group cost six times the
 * throughput at ten callers (`spec/events.md` §4).
 */
export class ExchangeRecords implements OnApplicationShutdown {
  private readonly groups = new GroupsByArrival<Waiting>(MOST, (group) => this.write(group));

  private readonly wires: Wires;

  constructor(databaseUrl: string, schema: string) {
    this.wires = new Wires(databaseUrl, schema, MOST.inFlight);
  }

  /**
   * Resolves once the row is committed.
   *
   * @throws AuditUnavailableError 503 if it could not be
   */
  add<Data>(contract: EventContract<Data>, dataFor: (exchangeId: string) => Data): Promise<void> {
    return new Promise((durable, reject) => {
      const failed = (error: unknown) => reject(new AuditUnavailableError(error));
      try {
        const id = `ex_${randomUUID()}`;
        this.groups.add({ event: { contract, id, sequence: 1, data: dataFor(id) }, durable, failed });
      } catch (error) {
        failed(error);
      }
    });
  }

  private async write(group: Waiting[]): Promise<void> {
    let statement;
    try {
      statement = outboxInsert(
        'exchange',
        group.map(({ event }) => event),
      );
    } catch (error) {
      // One event that breaks its contract must not take the others of its group along.
      if (group.length === 1) group[0]!.failed(error);
      else for (const one of group) await this.write([one]);
      return;
    }
    try {
      await this.wires.fly(statement);
      for (const { durable } of group) durable();
    } catch (error) {
      // What one of them says was refused, and all of the group with it: none of the rows is there.
      if (group.length > 1 && isOfItsData(error)) {
        for (const one of group) await this.write([one]);
        return;
      }
      // Otherwise not repeated: the rows may be there, and an exchange has one row.
      for (const { failed } of group) failed(error);
    }
  }

  /** After HTTP has closed: the last exchanges still record themselves while it waits for them. */
  async onApplicationShutdown(): Promise<void> {
    await this.wires.close();
  }
}
