import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import { EndpointAddresses } from '../door/endpoint-addresses.js';
import { SealedSuccessors1700000000710 } from '../migrations/1700000000710-sealed-successors.js';
import { DpopNonces } from './dpop-nonces.js';
import { DpopProofs } from './dpop-proofs.js';
import { ResourceProofs } from './resource-proofs.js';

/** Proof of possession. */
export const dpopParts = {
  controllers: [] as Type[],
  providers: [EndpointAddresses, DpopNonces, DpopProofs, ResourceProofs] as Provider[],
  entities: [] as (new () => object)[],
  migrations: [SealedSuccessors1700000000710] as (new () => MigrationInterface)[],
};
