import {
  DistributedServer,
  Installation,
  Scene,
  type Server,
  StandaloneServer,
  startSimulator,
  vaultForm,
} from '../driver/index.js';
import { startFloor } from './floor-process.js';
import { load } from './load.js';
import { transactionsPerExchange } from './transactions.js';

const SECONDS = Number(process.env['STRONGROOM_BENCH_SECONDS'] ?? 8);
const ROUNDS = Number(process.env['STRONGROOM_BENCH_ROUNDS'] ?? 2);
const MODES = (process.env['STRONGROOM_BENCH_MODES'] ?? 'standalone').split(',');

interface Contestant {
  name: string;
  server: Server;
  /** At the port of the process that answers it, without TLS, in every mode. */
  url: string;
  form: string;
}

/**
 * Exchanges of a fresh token beside a floor, in turns, so that a machine that slows down slows all. Prints ratios and
 * fails on none of them.
 */
const simulator = await startSimulator();
const floor = await startFloor();
const contestants: Contestant[] = [];
try {
  for (const mode of MODES) contestants.push(await contestant(mode));
  for (const { name, server, url, form } of contestants)
    console.log(`${name}: ${await transactionsPerExchange(server, url, form)} transactions per exchange, one caller`);

  for (const { url, form } of contestants) await load(url, form, 10, 3); // warm
  await load(floor.url, '', 10, 3);
  for (const connections of [10, 50])
    for (let i = 0; i < ROUNDS; i++) {
      const base = await load(floor.url, contestants[0]!.form, connections, SECONDS);
      for (const { name, url, form } of contestants) {
        const exchanges = await load(url, form, connections, SECONDS);
        console.log(
          `${name} c=${connections}: ${Math.round(exchanges.perSecond)} exchanges/s, p50 ${exchanges.p50} ms, ` +
            `p99 ${exchanges.p99} ms; floor ${Math.round(base.perSecond)}/s, ` +
            `ratio ${(exchanges.perSecond / base.perSecond).toFixed(2)}` +
            (exchanges.refused ? `; ${exchanges.refused} REFUSED` : ''),
        );
      }
    }
  for (const { name, server } of contestants)
    console.log(`${name} after: ${JSON.stringify(server.residentMebibytes())} MiB in Node`);
} finally {
  await floor.stop();
  for (const { server } of contestants) await server.remove();
  await simulator.stop();
}

async function contestant(mode: string): Promise<Contestant> {
  const started = performance.now();
  const server =
    mode === 'distributed'
      ? await DistributedServer.start(simulator.url)
      : await StandaloneServer.start(simulator.url, { STRONGROOM_TLS: '' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${mode} start: ${seconds} s with nothing there yet, ${JSON.stringify(server.residentMebibytes())} MiB in Node`,
  );
  if (server instanceof DistributedServer) console.log(server.output.match(/^.* is ready at .*$/gm)?.join('\n'));
  const installation = new Installation(server.address);
  const scene = await Scene.create(installation);
  await scene.connect();
  const form = new URLSearchParams({
    ...vaultForm(scene.connection.name, scene.tokens.refreshToken),
    client_id: scene.client.id,
    client_secret: scene.client.secret,
  }).toString();
  await installation.close();
  const base =
    server instanceof DistributedServer ? `http://127.0.0.1:${server.of('exchange')[0]!.place.port}` : server.url;
  return { name: mode, server, url: `${base}/oauth/token`, form };
}
