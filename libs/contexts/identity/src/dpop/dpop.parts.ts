import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import { EndpointAddresses } from '../door/endpoint-addresses.js';
import { DpopNonces } from './dpop-nonces.js';
import { DpopProofs } from './dpop-proofs.js';
import { ResourceProofs } from './resource-proofs.js';

/** Proof of possession. */
export const dpopParts = {
  controllers: [] as Type[],
  providers: [EndpointAddresses, DpopNonces, DpopProofs, ResourceProofs] as Provider[],
  entities: [] as (new () => object)[],
  migrations: [] as (new () => MigrationInterface)[],
};
