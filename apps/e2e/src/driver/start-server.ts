import { DistributedServer } from './distributed-server.js';
import type { Server } from './server.js';
import { StandaloneServer } from './standalone-server.js';

/** One process, or six behind an edge where `STRONGROOM_TEST_MODE=distributed` says so: the specs cannot tell. */
export const startServer = (simulatorUrl: string, environment: Record<string, string> = {}): Promise<Server> =>
  isDistributed()
    ? DistributedServer.start(simulatorUrl, { environment, isThrownAway: true })
    : StandaloneServer.start(simulatorUrl, environment, { isThrownAway: true });

export const isDistributed = (): boolean => process.env['STRONGROOM_TEST_MODE'] === 'distributed';
