import { mkdtemp, rm } from 'node:fs/promises';
import net, { type AddressInfo, type Server } from 'node:net';
import { jest } from '@jest/globals';

/** Ports that are said to be free, and are not any more when the database comes. */
const takenMeanwhile: number[] = [];
const createServer = (...given: Parameters<typeof net.createServer>): Server => {
  const server = net.createServer(...given);
  const port = takenMeanwhile.shift();
  if (port !== undefined) server.address = () => ({ port, address: '127.0.0.1', family: 'IPv4' });
  return server;
};
jest.unstable_mockModule('node:net', () => ({ ...net, default: net, createServer }));
const { startEmbeddedPostgres } = await import('./embedded-postgres.js');

describe('the embedded Postgres', () => {
  let dataDir: string;
  const other = net.createServer();

  beforeAll(async () => {
    dataDir = await mkdtemp('/var/tmp/strongroom-ports-');
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  });
  afterAll(async () => {
    other.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const taken = () => (other.address() as AddressInfo).port;

  it('takes another port where the one that was free is taken before it listens', async () => {
    takenMeanwhile.push(taken(), taken());
    const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(Number(new URL(postgres.url).port)).not.toBe(taken());
    expect(takenMeanwhile).toEqual([]);
    await postgres.stop();
  });

  it('says so where the port that it was told is taken', async () => {
    const started = startEmbeddedPostgres({ dataDir, port: taken(), durable: false });
    await expect(started).rejects.toThrow('Address already in use');
  });
});
