import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openBox } from '@strongroom/crypto';
import type { Catalogue } from '@strongroom/providers';
import { testPostgres } from '@strongroom/testing';
import { startInstallation } from './installation.js';

export type Json = Record<string, ReturnType<typeof JSON.parse>>;
export const SECRET = 'cnry_upstream_client_secret';
/** Stands where the secret is. */
export const MASK = '********';

let made = 0;

export const custom = (more: Json = {}): Json => ({
  name: `custom-${++made}`,
  strategy: 'oauth2',
  ...more,
  options: {
    authorizationURL: 'https://provider.example/authorize',
    tokenURL: 'https://provider.example/token',
    client_id: 'ours',
    client_secret: SECRET,
    scope: 'read write',
    ...more['options'],
  },
});

/** Of any strategy, with the members that all of them have. */
export const connection = (strategy: string, options: Json = {}, more: Json = {}): Json => ({
  name: `of-${strategy}-${++made}`,
  strategy,
  options: { client_id: 'ours', client_secret: SECRET, ...options },
  ...more,
});

/** A provider whose metadata can be set, and which can let something happen before it answers. */
async function startProvider() {
  let metadata: Json | null = {};
  let asked = 0;
  let before = async (): Promise<void> => {};
  const server = createServer((_, response) => {
    asked++;
    void before().then(() => {
      response.writeHead(metadata ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(metadata ?? {}));
    });
  });
  const listen = (port: number) => new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const close = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  return {
    origin,
    asked: (): number => asked,
    /** A good document, with changes. */
    metadata: (more: Json = {}): Json => ({
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      jwks_uri: `${origin}/jwks`,
      ...more,
    }),
    says: (now: Json | null): void => void (metadata = now),
    onceBeforeItAnswers: (work: () => Promise<unknown>): void => {
      before = async () => {
        before = async () => {};
        await work();
      };
    },
    goesAway: close,
    comesBack: () => listen(port),
    stop: close,
  };
}

/** Connections with a real database, a provider on loopback, and how to ask. */
export async function startVault(catalogue?: Catalogue) {
  const postgres = await testPostgres();
  const provider = await startProvider();
  const installation = await startInstallation(postgres.url, provider.origin, catalogue);
  const { intakeKeys, database } = installation;
  const send = installation.send as (...request: Parameters<typeof installation.send>) => Promise<Json>;
  return {
    ...installation,
    provider,
    send,
    create: async (body: Json = custom()): Promise<Json> => {
      const answer = await send('POST', '', body);
      expect([answer['status'], answer['text']]).toEqual([201, expect.anything()]);
      return answer['body'];
    },
    /** The message of a refusal. */
    refusal: async (method: string, path: string, body: Json): Promise<string> => {
      const answer = await send(method, path, body);
      expect([answer['status'], answer['body'].errorCode]).toEqual([400, 'invalid_body']);
      return answer['body'].message;
    },
    storedBox: async (id: string): Promise<string | null> =>
      (await database.query('SELECT secret_box FROM connections WHERE id = $1', [id]))[0].secret_box,
    /** What `tokensets` would read. */
    openSecret: (connectionId: string, box: string) =>
      openBox(
        intakeKeys.pair,
        intakeKeys.installationId,
        { purpose: 'connection-credential', connectionId, ownerId: connectionId, field: 'client_secret' },
        box,
      ),
    stop: async () => {
      await installation.stop();
      await provider.stop();
      await postgres.stop();
    },
  };
}
