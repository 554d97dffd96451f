import type { Provider, Type } from '@nestjs/common';
import { ArtefactEntity } from './artefact.entity.js';
import { ArtefactsService } from './artefacts.service.js';
import { ConsentEntity } from './consent.entity.js';
import { CreateAuthorization1700000000102 } from './migrations/1700000000102-create-authorization.js';
import { SigningKeyEntity } from './signing-key.entity.js';

const controllers: Type[] = [];
const providers: Provider[] = [ArtefactsService];
/** What the identity module offers to others from here. */
const exported: Provider[] = [];

/** What the authorization server adds to the identity module. */
export const authorizationParts = {
  controllers,
  providers,
  exports: exported,
  entities: [ArtefactEntity, ConsentEntity, SigningKeyEntity],
  migrations: [CreateAuthorization1700000000102],
};
