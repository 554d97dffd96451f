import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import { TurnSigningKeys1700000000730 } from '../migrations/1700000000730-turn-signing-keys.js';
import { KeyRotationService } from './key-rotation.service.js';
import { SigningKeysController } from './signing-keys.controller.js';

/** Signing keys and what they sign. */
export const signingParts = {
  controllers: [SigningKeysController] as Type[],
  providers: [KeyRotationService] as Provider[],
  entities: [] as (new () => object)[],
  migrations: [TurnSigningKeys1700000000730] as (new () => MigrationInterface)[],
};
