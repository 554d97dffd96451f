import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';

/** People sign in, allow, and are told what cannot go on. */
export const signInParts = {
  controllers: [] as Type[],
  providers: [] as Provider[],
  entities: [] as (new () => object)[],
  migrations: [] as (new () => MigrationInterface)[],
};
