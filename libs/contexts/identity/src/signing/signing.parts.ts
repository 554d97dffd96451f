import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';

/** Signing keys and what they sign. */
export const signingParts = {
  controllers: [] as Type[],
  providers: [] as Provider[],
  entities: [] as (new () => object)[],
  migrations: [] as (new () => MigrationInterface)[],
};
