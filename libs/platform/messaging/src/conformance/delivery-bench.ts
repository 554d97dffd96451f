import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, type INestMicroservice, Module } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { accountDisconnected, connectionUpdated, type WireEvent } from '@strongroom/contracts';
import { createLogger } from '@strongroom/observability';
import { contextDatabase, type ContextDatabase, migrate } from '@strongroom/persistence';
import { DataSource, type EntityManager, type MigrationInterface, type QueryRunner } from 'typeorm';
import { Delivery } from '../delivery.js';
import type { EventBus } from '../event-bus.js';
import type { EventServer, EventServerOptions } from '../event-server.js';
import { CreateMessaging1700000000000 } from '../migrations/1700000000000-create-messaging.js';
import { OnEvent } from '../on-event.js';
import { Outbox } from '../outbox.js';
import { OutboxRelay } from '../outbox-relay.js';

/** A transport under test. Restarting a process is: one server closed, another made over the same stores. */
export interface Transport {
  bus: EventBus;
  server(options: EventServerOptions): Promise<TransportServer>;
  /** No process that starts from now on is given what has been said so far. None runs. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}

export interface TransportServer {
  strategy: EventServer;
  /** From now on no offset is stored any more, as if the process were killed just before each. */
  loseOffsets(): void;
  release(): Promise<void>;
}

class CreateThings1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE things (id text PRIMARY KEY, version integer NOT NULL);
      CREATE TABLE effects (event_id uuid PRIMARY KEY, key text NOT NULL, sequence integer NOT NULL,
        position bigint GENERATED ALWAYS AS IDENTITY)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE effects, things');
  }
}

const database = (url: string, schema: string): ContextDatabase => ({
  url,
  schema,
  entities: [],
  migrations: [CreateMessaging1700000000000, CreateThings1700000000001],
});

export const logger = createLogger('silent');
export const newKey = (): string => `con_${randomUUID().replaceAll('-', '')}`;
/** Waits for what will surely come; the test's own limit ends it otherwise. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(10);
}

export interface Heard {
  id: string;
  key: string;
  sequence: number;
}

/** The groups of the two contexts that hear, and what they hear. */
export const GROUPS = ['strongroom.connected-accounts', 'strongroom.tokensets'];
export const TOPIC = connectionUpdated.topic;

/** What a test makes the handlers of one context do. */
export class Script {
  readonly heard: Heard[] = [];
  wires: WireEvent[] = [];
  before: (event: Heard) => void | Promise<void> = () => undefined;
  /** False: the handler finds nothing to do and opens no transaction. */
  writes = true;
  inside: (tx: EntityManager, event: Heard) => void | Promise<void> = () => undefined;

  async play(wire: WireEvent, delivery: Delivery): Promise<void> {
    const { id, subject: key, sequence } = connectionUpdated.read(wire);
    const event = { id, key, sequence };
    this.heard.push(event);
    this.wires.push(wire);
    await this.before(event);
    if (!this.writes) return;
    await delivery.transaction(async (tx) => {
      await tx.query('INSERT INTO effects (event_id, key, sequence) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
        id,
        key,
        sequence,
      ]);
      await this.inside(tx, event);
    });
  }
}

class AccountsScript extends Script {}
class TokensetsScript extends Script {}

@Controller()
class AccountsWhenConnectionUpdated {
  constructor(private readonly script: AccountsScript) {}

  @OnEvent(connectionUpdated, 'connected-accounts')
  handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    return this.script.play(wire, delivery);
  }
}

@Controller()
class TokensetsWhenConnectionUpdated {
  constructor(private readonly script: TokensetsScript) {}

  @OnEvent(connectionUpdated, 'tokensets')
  handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    return this.script.play(wire, delivery);
  }
}

/** One process with the two contexts' handlers. */
export interface Running {
  accounts: Script;
  tokensets: Script;
  server: EventServer;
  loseOffsets(): void;
  stop(): Promise<void>;
}

/** Databases of three contexts, the transport, and processes that come and go. */
export class DeliveryBench {
  readonly outbox = new Outbox('connections');
  readonly ownOutbox = new Outbox('connected-accounts');
  private readonly running = new Set<Running>();

  private constructor(
    readonly transport: Transport,
    readonly connections: DataSource,
    readonly accounts: DataSource,
    readonly tokensets: DataSource,
  ) {}

  /** @param accountsUrl where the database of `connected-accounts` lies, if it is to go away alone. */
  static async open(url: string, transport: Transport, accountsUrl = url): Promise<DeliveryBench> {
    const open = async (schema: string, at = url) => {
      await migrate(database(at, schema));
      return new DataSource(contextDatabase({ ...database(at, schema), poolSize: 10 })).initialize();
    };
    return new DeliveryBench(
      transport,
      await open('connections'),
      await open('connected_accounts', accountsUrl),
      await open('tokensets'),
    );
  }

  relay(bus: EventBus = this.transport.bus): OutboxRelay {
    return new OutboxRelay('connections', this.connections, bus, logger);
  }

  /** A started process. Retries are quick, waits for a dependency too. */
  async start(): Promise<Running> {
    const databases = new Map([
      ['connected-accounts', this.accounts],
      ['tokensets', this.tokensets],
    ]);
    const server = await this.transport.server({
      databases: () => databases,
      logger,
      policy: { retryAfterMs: [1, 2, 3, 4], waitMs: { least: 1, most: 5 } },
    });
    const [accounts, tokensets] = [new AccountsScript(), new TokensetsScript()];
    @Module({
      controllers: [AccountsWhenConnectionUpdated, TokensetsWhenConnectionUpdated],
      providers: [
        { provide: AccountsScript, useValue: accounts },
        { provide: TokensetsScript, useValue: tokensets },
      ],
    })
    class Handlers {}
    const module = await Test.createTestingModule({ imports: [Handlers] }).compile();
    const app: INestMicroservice = module.createNestMicroservice({ strategy: server.strategy, logger: false });
    await app.listen();
    const running: Running = {
      accounts,
      tokensets,
      server: server.strategy,
      loseOffsets: () => server.loseOffsets(),
      stop: async () => {
        if (!this.running.delete(running)) return;
        await app.close();
        await server.release();
      },
    };
    this.running.add(running);
    return running;
  }

  /** Changes the thing and says so, in one transaction. */
  async change(key: string, atEnd: () => Promise<void> | void = () => undefined): Promise<void> {
    await this.connections.transaction(async (tx) => {
      const [{ version }] = await tx.query<[{ version: number }]>(
        `INSERT INTO things (id, version) VALUES ($1, 1)
         ON CONFLICT (id) DO UPDATE SET version = things.version + 1 RETURNING version`,
        [key],
      );
      await this.outbox.add(tx, connectionUpdated, { id: key, sequence: version, data: connection(key) });
      await atEnd();
    });
  }

  async sayMany(keys: readonly string[]): Promise<void> {
    const events = keys.map((key) => ({ contract: connectionUpdated, id: key, sequence: 1, data: connection(key) }));
    await this.connections.transaction((tx) => this.outbox.addAll(tx, events));
  }

  effects(of: DataSource, key?: string): Promise<Heard[]> {
    return of.query(
      `SELECT event_id AS id, key, sequence FROM effects WHERE $1::text IS NULL OR key = $1 ORDER BY position`,
      [key ?? null],
    );
  }

  parked(of: DataSource, key: string): Promise<{ event_id: string; sequence: number; error_class: string }[]> {
    return of.query(`SELECT event_id, sequence::int, error_class FROM parked_events WHERE key = $1 ORDER BY id`, [key]);
  }

  async count(of: DataSource, table: string): Promise<number> {
    const [{ n }] = await of.query<[{ n: number }]>(`SELECT count(*)::int AS n FROM ${table}`);
    return n;
  }

  async stopAll(): Promise<void> {
    for (const running of this.running) await running.stop();
    for (const source of [this.connections, this.accounts, this.tokensets])
      await source.query('TRUNCATE things, effects, outbox, parked_events');
    await this.transport.forget();
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.transport.stop();
    for (const source of [this.connections, this.accounts, this.tokensets]) await source.destroy();
  }
}

export const connection = (key: string, name = 'google') => ({
  connectionId: key,
  name,
  strategy: 'oauth2',
  vaultActive: true,
  loginActive: false,
  enabledClientCount: 1,
  tokenOrigin: 'https://provider.example',
  changed: ['options'],
  actor: { kind: 'system' as const },
});

export const disconnected = {
  contract: accountDisconnected,
  id: 'cac_own',
  sequence: 1,
  data: {
    accountId: 'cac_own',
    personId: '7a4ecf0e-4a3c-4c3b-9d0c-3f1f4b8f2a11',
    userId: null,
    connectionId: 'con_own',
    tokensetId: null,
    status: 'disconnected' as const,
    scopes: [],
    reason: 'connection_deleted' as const,
    actor: { kind: 'system' as const },
  },
};
