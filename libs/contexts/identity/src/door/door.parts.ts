import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';

/** Who calls: client authentication and the requests that go through it. */
export const doorParts = {
  controllers: [] as Type[],
  providers: [] as Provider[],
  entities: [] as (new () => object)[],
  migrations: [] as (new () => MigrationInterface)[],
};
