import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { LongReadsBusyError } from '../registry.errors.js';

const AT_ONCE = 2;
const LONGEST_MS = 10_000;

/**
 * Reads that no index helps, so that each may go through a whole table: few at once, and none for ever. The other
 * connections of the pool are those by which everybody signs in.
 */
@Injectable()
export class LongReads {
  private underWay = 0;

  constructor(private readonly database: DataSource) {}

  /** What takes too long is cancelled by the database. @throws LongReadsBusyError instead of waiting */
  async run<T>(read: (tx: EntityManager) => Promise<T>, longestMs = LONGEST_MS): Promise<T> {
    if (this.underWay >= AT_ONCE) throw new LongReadsBusyError();
    this.underWay++;
    try {
      return await this.database.transaction(async (tx) => {
        await tx.query(`SET LOCAL statement_timeout = ${longestMs}`);
        return read(tx);
      });
    } finally {
      this.underWay--;
    }
  }
}
