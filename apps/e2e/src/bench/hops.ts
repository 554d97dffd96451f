import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SubjectTokens, type TokenVault } from '@strongroom/contracts';
import { createLogger } from '@strongroom/observability';
import { RpcClient, ServiceKeys } from '@strongroom/rpc';
import { type DistributedServer, type Scene, VAULT_GRANT } from '../driver/index.js';
import type { SignedIn } from './sign-in.js';

/** Milliseconds of one call, with as many others under way. */
export interface Hop {
  port: string;
  connections: number;
  perSecond: number;
  p50: number;
  p99: number;
}

/** The two calls that an exchange makes, each by itself, as the exchange makes them. */
export async function hopsOf(
  server: DistributedServer,
  scene: Scene,
  people: readonly SignedIn[],
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Hop[]> {
  const read = (name: string) => readFileSync(join(server.dataDir, 'secrets/exchange', name), 'utf8');
  const url = (service: 'identity' | 'tokensets') => [`http://127.0.0.1:${server.of(service)[0]!.place.rpcPort}`];
  const rpc = new RpcClient({
    name: 'exchange',
    keys: ServiceKeys.parse({
      name: 'exchange',
      privateKeyPem: read('service-key.pem'),
      publicKeysJwks: read('service-keys.json'),
    }),
    urls: { identity: url('identity'), tokensets: url('tokensets') },
    logger: createLogger('error'),
  });
  const subjects = rpc.port<SubjectTokens>('SubjectTokens');
  const vault = rpc.port<TokenVault>('TokenVault');
  const { client, connection } = scene;
  const calls: [string, (of: SignedIn) => Promise<unknown>][] = [
    [
      'SubjectTokens.validate',
      ({ token }) =>
        subjects.validate({
          ...{ grantType: VAULT_GRANT, subjectToken: token, subjectTokenType: 'refresh_token', authorization: null },
          ...{ clientId: client.id, clientSecret: client.secret, clientAssertion: null, clientAssertionType: null },
          ...{ dpop: null, ip: null, certificate: null },
        }),
    ],
    [
      'TokenVault.accessToken',
      ({ personId }) =>
        vault.accessToken({
          ...{ personId, clientId: client.id, connectionId: connection.id, hint: null, scopes: null },
          ...{ minimumSeconds: null, mayRefresh: false },
        }),
    ],
  ];
  try {
    const hops: Hop[] = [];
    for (const [port, call] of calls) {
      await timed(people, connections, 1, call);
      const took = await timed(people, connections, seconds, call);
      const at = (share: number) => Number(took[Math.floor(took.length * share)]!.toFixed(2));
      hops.push({ port, connections, perSecond: Math.round(took.length / seconds), p50: at(0.5), p99: at(0.99) });
    }
    return hops;
  } finally {
    await rpc.close();
  }
}

async function timed(
  people: readonly SignedIn[],
  callers: number,
  seconds: number,
  call: (of: SignedIn) => Promise<unknown>,
): Promise<number[]> {
  const took: number[] = [];
  const end = performance.now() + seconds * 1000;
  let next = 0;
  const caller = async () => {
    for (let from = performance.now(); from < end; from = performance.now()) {
      await call(people[next++ % people.length]!);
      took.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return took.sort((a, b) => a - b);
}
