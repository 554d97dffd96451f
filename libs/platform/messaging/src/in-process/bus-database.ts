import type { ContextDatabase } from '@strongroom/persistence';
import { CreateBus1700000000000 } from './migrations/1700000000000-create-bus.js';

/** The log of the in-process bus; it lies in the database of the contexts it serves. */
export const busDatabase = (url: string): ContextDatabase => ({
  url,
  schema: 'bus',
  entities: [],
  migrations: [CreateBus1700000000000],
});
