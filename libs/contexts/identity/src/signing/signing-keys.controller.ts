import { Get, Param, Post, Put } from '@nestjs/common';
import { Answers, ManagementApi, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { KeyRotationService } from './key-rotation.service.js';
import { keyAndCertificate, shownKey } from './signing-key.schema.js';

/** Keys that sign tokens (`spec/wire-contract.md` §3.9). */
@ManagementApi('keys/signing')
export class SigningKeysController {
  constructor(private readonly keys: KeyRotationService) {}

  @Get()
  @Answers(200, z.array(shownKey))
  @Scopes('read:signing_keys')
  list() {
    return this.keys.list();
  }

  @Get(':kid')
  @Answers(200, shownKey)
  @Scopes('read:signing_keys')
  get(@Param('kid') kid: string) {
    return this.keys.get(kid);
  }

  @Post('rotate')
  @Answers(201, keyAndCertificate)
  @Scopes('create:signing_keys')
  @Scopes('update:signing_keys')
  rotate() {
    return this.keys.rotate();
  }

  @Put(':kid/revoke')
  @Answers(200, keyAndCertificate)
  @Scopes('update:signing_keys')
  revoke(@Param('kid') kid: string) {
    return this.keys.revoke(kid);
  }
}
