import type { Provider, Type } from '@nestjs/common';
import { SessionFacts1700000000750 } from '../migrations/1700000000750-session-facts.js';
import { BrowserSession } from './browser-session.js';
import { GrantsController } from './grants.controller.js';
import { GrantsService } from './grants.service.js';
import { IdTokenHint } from './id-token-hint.js';
import { LogoutController } from './logout.controller.js';
import { LogoutService } from './logout.service.js';
import { MySessionsController } from './my-sessions.controller.js';
import { RefreshTokensController } from './refresh-tokens.controller.js';
import { RefreshTokensReads } from './refresh-tokens.reads.js';
import { SessionFactsEntity } from './session-facts.entity.js';
import { SessionsController, UserSessionsController } from './sessions.controller.js';
import { SessionsReads } from './sessions.reads.js';
import { SessionsService } from './sessions.service.js';

const controllers: Type[] = [
  SessionsController,
  UserSessionsController,
  RefreshTokensController,
  GrantsController,
  MySessionsController,
  LogoutController,
];
const providers: Provider[] = [
  SessionsReads,
  RefreshTokensReads,
  SessionsService,
  GrantsService,
  BrowserSession,
  IdTokenHint,
  LogoutService,
];

/** What a person's sign-ins left behind, to be looked at and ended. */
export const sessionsParts = {
  controllers,
  providers,
  entities: [SessionFactsEntity],
  migrations: [SessionFacts1700000000750],
};
