import type { Provider, Type } from '@nestjs/common';
import { SessionFacts1700000000750 } from '../migrations/1700000000750-session-facts.js';
import { SessionFactsEntity } from './session-facts.entity.js';

const controllers: Type[] = [];
const providers: Provider[] = [];

/** What a person's sign-ins left behind, to be looked at and ended. */
export const sessionsParts = {
  controllers,
  providers,
  entities: [SessionFactsEntity],
  migrations: [SessionFacts1700000000750],
};
