import { createPrivateKey } from 'node:crypto';
import { type PortName, portTable, type ServiceName, serviceNames } from '@strongroom/contracts';
import { createLogger } from '@strongroom/observability';
import { type Offered, RpcServer } from '../src/rpc-server.js';
import { RpcClient } from '../src/rpc-client.js';
import { ServiceKeys } from '../src/service-keys.js';
import { generateServiceKeys } from './generated-keys.js';

export const logger = createLogger('silent');
const generated = generateServiceKeys();
export const keysOf = (name: ServiceName): ServiceKeys =>
  ServiceKeys.parse({ name, privateKeyPem: generated.privateKeyPem[name], publicKeysJwks: generated.jwks });
export const privateKeyOf = (name: ServiceName) => createPrivateKey(generated.privateKeyPem[name]);

export async function listening(name: ServiceName, offered?: Offered): Promise<RpcServer> {
  const server = new RpcServer({ name, keys: keysOf(name), logger, host: '127.0.0.1', port: 0 });
  await server.listen();
  if (offered) server.serve(offered);
  return server;
}

export const urlOf = (server: RpcServer): string => `http://127.0.0.1:${server.address.port}`;

export const clientOf = (name: ServiceName, urls: Partial<Record<ServiceName, string[]>>): RpcClient =>
  new RpcClient({ name, keys: keysOf(name), urls, logger });

/** Every port of a service, whose methods answer with their own name. */
export const echoes = (name: ServiceName): Offered => ({
  ports: Object.fromEntries(
    Object.entries(portTable)
      .filter(([, { offeredBy }]) => offeredBy === name)
      .map(([port, { methods }]) => [
        port,
        Object.fromEntries(Object.keys(methods).map((method) => [method, async () => `${port}.${method}`])),
      ]),
  ),
});

export const everyMethod = (Object.entries(portTable) as [PortName, (typeof portTable)[PortName]][]).flatMap(
  ([port, { methods, offeredBy }]) =>
    Object.entries(methods).map(([method, { callers }]) => ({ port, method, callers, offeredBy })),
);
export const everyCell = everyMethod.flatMap((one) =>
  serviceNames.map((caller) => ({ ...one, caller, isAllowed: one.callers.includes(caller) })),
);
