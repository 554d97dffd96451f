import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import { AuthFailures } from './auth-failures.js';
import { ClientCertificates } from './client-certificates.js';
import { Door } from './door.js';
import { PushedRequestsController } from './pushed-requests.controller.js';
import { CertificateCredentials1700000000720 } from '../migrations/1700000000720-certificate-credentials.js';

/** Who calls: client authentication and the requests that go through it. */
export const doorParts = {
  controllers: [PushedRequestsController] as Type[],
  providers: [Door, AuthFailures, ClientCertificates] as Provider[],
  entities: [] as (new () => object)[],
  migrations: [CertificateCredentials1700000000720] as (new () => MigrationInterface)[],
};
