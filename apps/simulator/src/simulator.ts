import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Ensemble, type Files } from './catalogue/ensemble.js';
import type { Overlay } from './catalogue/overlay.js';
import { control } from './control.js';
import { json, readRequest, send, type Answer, type CUT, type Request } from './http.js';
import { IdTokens } from './id-tokens.js';
import type { Received } from './journal.js';
import { PlainDialect } from './plain/plain-dialect.js';
import { plainRoute } from './plain/plain-routes.js';
import { Provider } from './provider.js';

export interface Simulator {
  /** Providers live at `{origin}/{name}`, each made when first spoken to; controls at `{origin}/_control/{name}`. */
  origin: string;
  /** What a vault's providers file must say to have every provider of the catalogue here. */
  overlay: Overlay;
  /**
   * The overlay as a file, for `STRONGROOM_PROVIDERS_FILE`, after the files the simulator was given. Without a name it
   * is a temporary one that goes with the simulator.
   */
  providersFile(file?: string): Promise<string>;
  /** What a provider was sent, secrets included, with the address it has in reality. */
  received(name: string): readonly Received[];
  close(): Promise<void>;
}

export interface SimulatorOptions extends Partial<Files> {
  /** 0 takes any free one. */
  port: number;
  now?: () => number;
}

interface Played {
  provider: Provider;
  answer: (path: string, request: Request) => Promise<Answer | typeof CUT>;
}

/** Simulated providers over real HTTP, on loopback only. */
export async function startSimulator({
  port,
  now,
  providersFiles = [],
  fixtureFiles = [],
}: SimulatorOptions): Promise<Simulator> {
  const ensemble = new Ensemble({ providersFiles, fixtureFiles });
  const played = new Map<string, Played>();
  const idTokens = new IdTokens();
  let origin = '';
  const named = (name: string): Played => {
    const found = played.get(name) ?? play(name, ensemble, { origin, idTokens, now });
    played.set(name, found);
    return found;
  };
  const server = createServer((raw, response) => {
    readRequest(raw, origin)
      .then((request) =>
        request.path === '/_providers.json' ? json(200, ensemble.overlay(origin)) : route(request, named),
      )
      .catch((error: unknown) => json(500, { message: String(error) }))
      .then((answer) => send(response, answer))
      .catch(() => response.destroy());
  });
  await new Promise<void>((done, failed) => server.once('error', failed).listen(port, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const directories: string[] = [];
  return {
    origin,
    overlay: ensemble.overlay(origin),
    received: (name) => played.get(name)?.provider.journal.received ?? [],
    providersFile: async (file) => {
      const place = file ?? join(await temporary(directories), 'providers.json');
      await writeFile(place, `${JSON.stringify(ensemble.overlay(origin), null, 2)}\n`, { mode: 0o600 });
      return resolve(place);
    },
    close: async () => {
      for (const directory of directories) await rm(directory, { recursive: true, force: true });
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function temporary(directories: string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'strongroom-simulator-'));
  directories.push(directory);
  return directory;
}

interface World {
  origin: string;
  idTokens: IdTokens;
  now: (() => number) | undefined;
}

/** A provider of the catalogue by its entry, any other name by no more than the standards. */
function play(name: string, ensemble: Ensemble, world: World): Played {
  if (ensemble.has(name)) {
    const { provider, routes } = ensemble.play(name, world);
    return { provider, answer: (path, request) => routes.answer(path, request) };
  }
  const dialect: PlainDialect = new PlainDialect(
    `${world.origin}/${name}`,
    world.idTokens,
    () => provider.settings,
    () => provider.wallNow(),
  );
  const provider: Provider = new Provider(name, dialect, world.now);
  return { provider, answer: (path, request) => plainRoute(provider, path, request, world.idTokens) };
}

const NAME = /^[a-zA-Z0-9][\w.-]{0,127}$/;

async function route(request: Request, named: (name: string) => Played): Promise<Answer | typeof CUT> {
  const [first = '', second = '', ...rest] = request.path.slice(1).split('/');
  const notFound = json(404, { message: 'There is nothing here.' });
  if (first === '_control')
    return NAME.test(second) ? control(named(second).provider, rest.join('/'), request) : notFound;
  if (!NAME.test(first)) return notFound;
  const { provider, answer } = named(first);
  const path = [second, ...rest].join('/');
  if (path === '_journal') return json(200, { journal: provider.journal.entries });
  return answer(path, request);
}
