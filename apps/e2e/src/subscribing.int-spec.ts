import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Module } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { accountConnected, accountDisconnected, EventContract, topics } from '@strongroom/contracts';
import {
  KafkaMessaging,
  KafkaMessagingModule,
  KafkaTopics,
  MessagingModule,
  messagingMigrations,
  Outbox,
} from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import { DatabaseModule, migrate } from '@strongroom/persistence';
import { testKafka, testPostgres, whereThereIs } from '@strongroom/testing';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { eventually } from './driver/eventually.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../..');
const logger = createLogger('silent');
const kafka = await testKafka();

/** A directory outside the workspace with what the guide tells its reader to install, and the guide's program. */
class Subscriber {
  private child: ReturnType<typeof spawn> | undefined;
  private said = '';

  private constructor(
    readonly directory: string,
    private readonly environment: Record<string, string>,
  ) {}

  static async install(environment: Record<string, string>): Promise<Subscriber> {
    const directory = await mkdtemp(join(tmpdir(), 'strongroom-subscriber-'));
    const modules = join(directory, 'node_modules');
    const contracts = join(modules, '@strongroom/contracts');
    await mkdir(contracts, { recursive: true });
    await mkdir(join(modules, '@types'));
    const { stdout } = await run('npm', ['pack', '--json', '--silent', '--pack-destination', directory], {
      cwd: join(ROOT, 'libs/contracts'),
    });
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    await run('tar', ['-xzf', join(directory, filename), '-C', contracts, '--strip-components=1']);
    const { dependencies } = JSON.parse(await readFile(join(contracts, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const name of [...Object.keys(dependencies), 'kafkajs', '@types/node'])
      await symlink(join(ROOT, 'node_modules', name), join(modules, name));
    await writeFile(join(directory, 'package.json'), JSON.stringify({ name: 'crm', type: 'module' }));
    await writeFile(join(directory, 'subscriber.ts'), await programOfTheGuide());
    return new Subscriber(directory, environment);
  }

  async typecheck(): Promise<string> {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
    const { stdout } = await run(process.execPath, [tsc, ...options, 'subscriber.ts'], { cwd: this.directory }).catch(
      (error: { stdout: string }) => error,
    );
    return stdout;
  }

  start(group: string): void {
    const child = spawn(process.execPath, ['subscriber.ts'], {
      cwd: this.directory,
      env: { PATH: process.env['PATH'], ...this.environment, GROUP: group },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.said = (this.said + chunk.toString()).slice(-4000)));
    this.child = child;
  }

  /** How it ended: exit code or signal. */
  async end(signal: NodeJS.Signals): Promise<number | string | null> {
    const child = this.child;
    this.child = undefined;
    if (!child) return null;
    if (child.exitCode !== null) throw new Error(`the program had ended by itself:\n${this.said}`);
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    return child.exitCode ?? child.signalCode;
  }

  /** Its table by account; empty where there is none yet. */
  table(): Promise<Map<string, Row>> {
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
    const database = new DatabaseSync(join(this.directory, 'accounts.db'), { timeout: 1000 });
    try {
      const rows = database.prepare('SELECT id, status, connects, sequence FROM accounts').all() as unknown as Row[];
      return Promise.resolve(new Map(rows.map((row) => [row.id, { ...row }])));
    } catch {
      return Promise.resolve(new Map());
    } finally {
      database.close();
    }
  }

  async remove(): Promise<void> {
    await this.end('SIGKILL').catch(() => undefined); // a program that ended by itself has failed its test already
    await rm(this.directory, { recursive: true, force: true });
  }
}

interface Row {
  id: string;
  status: string;
  connects: number;
  sequence: number;
}

const programOfTheGuide = async (): Promise<string> => {
  const guide = await readFile(join(ROOT, 'docs/subscribing.md'), 'utf8');
  const [, program] = /^```ts subscriber\.ts\n(.+?)^```$/ms.exec(guide) ?? [];
  if (!program) throw new Error('docs/subscribing.md has no program');
  return program;
};

/** What a later release may say on the same topic: a type, a member and a value that today's readers do not know. */
const renamed = new EventContract(
  topics.accounts.name,
  ['connected-accounts'],
  'account.renamed',
  z.strictObject({ label: z.string() }),
);
const laterConnected = new EventContract(
  topics.accounts.name,
  ['connected-accounts'],
  'account.connected',
  accountConnected.schema.extend({ label: z.string(), status: z.string() }),
);

const account = (accountId: string, status: string) => ({
  accountId,
  personId: randomUUID(),
  userId: 'auth0|1',
  connectionId: 'con_github',
  tokensetId: null,
  status,
  scopes: [],
  actor: { kind: 'system' as const },
});
const connected = (id: string, status: string) => ({
  ...account(id, status),
  clientId: null,
  connectSessionId: null,
  reconnected: false,
  missingScopes: [],
});

/** Says what happens to accounts through an outbox, and keeps what a subscriber should then have. */
class Says {
  readonly expected = new Map<string, Row>();
  private readonly sequences = new Map<string, number>();

  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
  ) {}

  async connected(id: string): Promise<void> {
    await this.say(accountConnected, id, connected(id, 'connected'));
    this.expect(id, 'connected', 1);
  }

  async disconnected(id: string): Promise<void> {
    await this.say(accountDisconnected, id, { ...account(id, 'disconnected'), reason: 'requested' });
    this.expect(id, 'disconnected', 0);
  }

  async renamed(id: string): Promise<void> {
    await this.say(renamed, id, { label: 'work' });
  }

  async connectedInALaterRelease(id: string): Promise<void> {
    await this.say(laterConnected, id, { ...connected(id, 'resting'), label: 'work' });
    this.expect(id, 'resting', 1);
  }

  private async say(contract: unknown, id: string, data: unknown): Promise<void> {
    const sequence = (this.sequences.get(id) ?? 0) + 1;
    this.sequences.set(id, sequence);
    await this.database.transaction((tx) => this.outbox.add(tx, contract as EventContract, { id, sequence, data }));
  }

  private expect(id: string, status: string, connects: number): void {
    const before = this.expected.get(id)?.connects ?? 0;
    this.expected.set(id, { id, status, connects: before + connects, sequence: this.sequences.get(id)! });
  }
}

whereThereIs(kafka, 'Kafka', 'the program of docs/subscribing.md, outside the workspace', () => {
  const prefix = `guide-${randomUUID().slice(0, 8)}`;
  const brokers = kafka!.url.split(',');
  const broker = new KafkaTopics({ brokers, logger, topicPrefix: prefix });
  const accounts = Array.from({ length: 8 }, (_, i) => `cac_guide${i}`);
  let postgres: Awaited<ReturnType<typeof testPostgres>>;
  let subscriber: Subscriber;
  let says: Says;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    postgres = await testPostgres();
    await broker.ensure({ partitions: 3, replication: 1, historyDays: 30 });
    const database = {
      url: postgres.url,
      schema: `guide_${randomUUID().slice(0, 8)}`,
      entities: [],
      migrations: messagingMigrations,
    };
    await migrate(database);
    @Module({
      imports: [
        DatabaseModule.forContext(database),
        MessagingModule.forContext('connected-accounts'),
        KafkaMessagingModule.forRoot({ url: postgres.url, brokers, topicPrefix: prefix, logger }),
      ],
    })
    class Accounts {}
    const built = await Test.createTestingModule({ imports: [Accounts] }).compile();
    const app = built.createNestApplication(new FastifyAdapter(), { logger: false });
    await app.init();
    await app.get(KafkaMessaging).start(app);
    says = new Says(app.get(DataSource), app.get(Outbox, { strict: false }));
    subscriber = await Subscriber.install({ BROKERS: kafka!.url, TOPIC: `${prefix}.accounts.v1` });
    stop = () => app.close();
  });
  afterAll(async () => {
    await subscriber?.remove();
    await stop?.();
    await postgres?.stop();
    await kafka?.stop();
  });

  const sayOfAll = async (times: number) => {
    for (let i = 0; i < times; i++)
      for (const id of accounts) {
        await says.connected(id);
        await says.renamed(id);
        await says.disconnected(id);
      }
  };
  const caughtUp = () =>
    eventually(
      () => subscriber.table(),
      (table) => [...says.expected].every(([id, { sequence }]) => (table.get(id)?.sequence ?? 0) >= sequence),
    );

  it('is typed by the package that libs/contracts builds', async () => {
    expect(await subscriber.typecheck()).toBe('');
  });

  it('keeps its table through a kill: each effect once, in order, unknown types ignored', async () => {
    subscriber.start(`${prefix}.crm`);
    const saying = sayOfAll(10);
    await eventually(
      () => subscriber.table(),
      (table) => [...table.values()].some(({ connects }) => connects > 1),
    );
    expect(await subscriber.end('SIGKILL')).toBe('SIGKILL');
    await saying;
    subscriber.start(`${prefix}.crm`);
    await says.connectedInALaterRelease(accounts[0]!);
    expect(await caughtUp()).toEqual(says.expected);
    const lag = await eventually(
      async () => (await broker.lag(['crm'])).get('crm'),
      (now) => now === 0,
    );
    expect(lag).toBe(0);
    expect(await subscriber.end('SIGTERM')).toBe(0);
  });

  it('reads all of it again, from the beginning, without a second effect', async () => {
    subscriber.start(`${prefix}.crm-again`);
    for (const id of accounts) await says.connected(id); // last of each key: before it lies everything else
    expect(await caughtUp()).toEqual(says.expected);
    expect(await subscriber.end('SIGTERM')).toBe(0);
  });
});
