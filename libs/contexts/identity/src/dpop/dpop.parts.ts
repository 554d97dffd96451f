import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';

/** Proof of possession. */
export const dpopParts = {
  controllers: [] as Type[],
  providers: [] as Provider[],
  entities: [] as (new () => object)[],
  migrations: [] as (new () => MigrationInterface)[],
};
