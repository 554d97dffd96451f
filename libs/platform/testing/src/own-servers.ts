import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';

const run = promisify(execFile);

/** A server of a test's own, which it may take away and bring back. What it held on disk is there again. */
export interface OwnServer {
  url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends it for good. */
  remove(): Promise<void>;
}

/** A program of the machine that is started, ended and started again. */
class NativeServer implements OwnServer {
  private child: ChildProcess | undefined;
  private said = '';

  constructor(
    readonly url: string,
    private readonly port: number,
    private readonly directory: string,
    private readonly command: readonly [string, ...string[]],
  ) {}

  async start(): Promise<void> {
    const [program, ...parameters] = this.command;
    const child = spawn(program, parameters, { cwd: this.directory, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.said = (this.said + chunk.toString('utf8')).slice(-4000)));
    this.child = child;
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`${program} ended while it started:\n${this.said}`);
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL'); // what a broker has acknowledged, it must have
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A container whose port on the host stays the same. */
class ContainerServer implements OwnServer {
  private readonly name = `strongroom-test-${randomUUID()}`;
  private made = false;

  constructor(
    readonly url: string,
    private readonly port: number,
    private readonly parameters: readonly string[],
  ) {}

  async start(): Promise<void> {
    if (this.made) await run('docker', ['start', this.name]);
    else await run('docker', ['run', '-d', '--name', this.name, ...this.parameters]);
    this.made = true;
    while (!(await answers(this.port))) await sleep(100);
  }

  async stop(): Promise<void> {
    await run('docker', ['kill', this.name]).catch(() => undefined);
  }

  async remove(): Promise<void> {
    await run('docker', ['rm', '-f', '-v', this.name]).catch(() => undefined);
  }
}

/** Null: the machine has no `redis-server`. */
export async function nativeRedis(): Promise<OwnServer | null> {
  if (!(await isOnPath('redis-server'))) return null;
  const port = await freePort();
  const directory = await mkdtemp('/var/tmp/strongroom-redis-');
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const command = ['redis-server', ...options, '--dir', directory] as const;
  return started(new NativeServer(`redis://127.0.0.1:${port}`, port, directory, command));
}

export async function ownRedis(): Promise<OwnServer> {
  const port = await freePort();
  const parameters = ['-p', `127.0.0.1:${port}:6379`, 'redis:8'];
  return started(new ContainerServer(`redis://127.0.0.1:${port}`, port, parameters));
}

/** Null: the machine has no Java, or `STRONGROOM_TEST_KAFKA_JARS` names no directory with Kafka's jars. */
export async function nativeKafka(): Promise<OwnServer | null> {
  const jars = process.env['STRONGROOM_TEST_KAFKA_JARS'];
  if (!jars || !existsSync(jars) || !(await isOnPath('java'))) return null;
  const port = await freePort();
  const directory = await mkdtemp('/var/tmp/strongroom-kafka-');
  const properties = join(directory, 'server.properties');
  await writeFile(properties, brokerSettings(port, await freePort(), join(directory, 'data')));
  const java = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-cp', join(jars, '*')];
  await run('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', properties]);
  const command = ['java', ...java, 'kafka.Kafka', properties] as const;
  return started(new NativeServer(`127.0.0.1:${port}`, port, directory, command));
}

export async function ownKafka(): Promise<OwnServer> {
  const port = await freePort();
  const environment = Object.entries(brokerInContainer(port)).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const parameters = ['-p', `127.0.0.1:${port}:9092`, ...environment, 'apache/kafka:4.1.0'];
  return started(new ContainerServer(`127.0.0.1:${port}`, port, parameters));
}

const CLUSTER = '5L6g3nShT-eMCtK--X86sw';

/** Kafka tells clients its address, so the port on the host is fixed beforehand. */
export const brokerInContainer = (port: number): Record<string, string> => ({
  KAFKA_NODE_ID: '1',
  KAFKA_PROCESS_ROLES: 'broker,controller',
  KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
  KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
  KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
  KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
  KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
  KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
  KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
  KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
  KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
});

const brokerSettings = (port: number, controller: number, data: string): string => `node.id=1
process.roles=broker,controller
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=${data}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=2097152
log.cleaner.backoff.ms=1000
`;

async function started(server: OwnServer): Promise<OwnServer> {
  await server.start();
  return server;
}

const isOnPath = (program: string): Promise<boolean> =>
  run('sh', ['-c', `command -v ${program}`]).then(
    () => true,
    () => false,
  );

/** Docker accepts for a container that does not listen yet, and closes at once: hence a moment's patience. */
const answers = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      setTimeout(() => {
        socket.destroy();
        done(true);
      }, 100);
    });
    for (const event of ['error', 'close']) socket.on(event, () => done(false));
  });
