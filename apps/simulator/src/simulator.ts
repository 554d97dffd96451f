import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { control } from './control.js';
import { json, readRequest, send, type Answer, type CUT, type Request } from './http.js';
import { IdTokens } from './id-tokens.js';
import { PlainDialect } from './plain/plain-dialect.js';
import { plainRoute } from './plain/plain-routes.js';
import { Provider } from './provider.js';

export interface Simulator {
  /** Providers live at `{origin}/{name}`, each made when first spoken to; controls at `{origin}/_control/{name}`. */
  origin: string;
  close(): Promise<void>;
}

/** Simulated providers over real HTTP, on loopback only. Port 0 takes any free one. */
export async function startSimulator({ port, now }: { port: number; now?: () => number }): Promise<Simulator> {
  const providers = new Map<string, Provider>();
  const idTokens = new IdTokens();
  let origin = '';
  const named = (name: string): Provider => {
    const provider = providers.get(name) ?? plainProvider(name, origin, idTokens, now);
    providers.set(name, provider);
    return provider;
  };
  const server = createServer((raw, response) => {
    readRequest(raw, origin)
      .then((request) => route(request, named, idTokens))
      .catch((error: unknown) => json(500, { message: String(error) }))
      .then((answer) => send(response, answer))
      .catch(() => response.destroy());
  });
  await new Promise<void>((done, failed) => server.once('error', failed).listen(port, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function plainProvider(name: string, origin: string, idTokens: IdTokens, now: (() => number) | undefined): Provider {
  const dialect: PlainDialect = new PlainDialect(
    `${origin}/${name}`,
    idTokens,
    () => provider.settings,
    () => provider.wallNow(),
  );
  const provider: Provider = new Provider(name, dialect, now);
  return provider;
}

const NAME = /^[a-zA-Z0-9][\w.-]{0,127}$/;

async function route(
  request: Request,
  named: (name: string) => Provider,
  idTokens: IdTokens,
): Promise<Answer | typeof CUT> {
  const [first = '', second = '', ...rest] = request.path.slice(1).split('/');
  const notFound = json(404, { message: 'There is nothing here.' });
  if (first === '_control') return NAME.test(second) ? control(named(second), rest.join('/'), request) : notFound;
  if (!NAME.test(first)) return notFound;
  const provider = named(first);
  return plainRoute(provider, [second, ...rest].join('/'), request, idTokens);
}
