import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';

/** What a person's sign-ins left behind, to be looked at and ended. */
export const sessionsParts = {
  controllers: [] as Type[],
  providers: [] as Provider[],
  entities: [] as (new () => object)[],
  migrations: [] as (new () => MigrationInterface)[],
};
