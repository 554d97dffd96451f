import { migrate } from '@strongroom/persistence';
import { testPostgres } from '@strongroom/testing';
import { logger, type Transport } from '../conformance/delivery-bench.js';
import { describeDelivery } from '../conformance/delivery.conformance.js';
import { Notifications } from '../notifications.js';
import { busDatabase } from './bus-database.js';
import { InProcessBus, type Position } from './in-process-bus.js';
import { InProcessEventServer } from './in-process-event-server.js';

class LosesOffsets extends InProcessBus {
  lost = false;

  override async move(group: string, positions: readonly Position[]): Promise<void> {
    if (this.lost) throw new Error('killed before the offset was stored');
    await super.move(group, positions);
  }
}

const transportOver = (url: string): Transport => {
  const bus = new InProcessBus(url);
  return {
    bus,
    server: async (options) => {
      const own = new LosesOffsets(url);
      const notifications = new Notifications(url, logger);
      await notifications.connect();
      return {
        strategy: new InProcessEventServer({ ...options, bus: own, notifications }),
        loseOffsets: () => void (own.lost = true),
        release: async () => {
          await notifications.close();
          await own.close();
        },
      };
    },
    stop: () => bus.close(),
  };
};

describeDelivery('the log in Postgres', async () => {
  const postgres = await testPostgres();
  await migrate(busDatabase(postgres.url));
  return { url: postgres.url, transport: transportOver(postgres.url), stop: () => postgres.stop() };
});
