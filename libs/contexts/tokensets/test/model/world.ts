import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import type { RefreshTerms } from '../../src/refresh/refresh.types.js';
import { type Command, said, type Setting, type Treatment } from './commands.js';
import type { Controls } from './controls.js';
import type { FaultyWire } from './faults.js';
import { Invariants } from './invariants.js';
import type { ModelDatabase } from './model-database.js';
import { ModelStart, TAKEOVER_SECONDS, TIMEOUT_MS } from './model-node.js';
import { ModelProcess } from './model-process.js';
import { appendHistory, type Observation, type Snapshot } from './observations.js';
import { Oracle, readToken } from './oracle.js';
import { ORIGIN, Outside } from './outside.js';
import { randomOf } from './random.js';
import { requests } from './requests.js';
import { Scheduler } from './scheduler.js';
import { snapshotOf } from './snapshot.js';
import { storedToken } from './stored-token.js';
import type { Tally } from './tally.js';
import { VirtualTime } from './virtual-time.js';

/** What outlives a history: one database, and a data source for each node. */
export interface Ground {
  database: ModelDatabase;
  /** Whether it is to be reached. */
  isUp: boolean;
  wires: readonly FaultyWire[];
  sources: readonly DataSource[];
  outside: DataSource;
  directory: string;
  controls: Controls;
  /** Histories are kept there. */
  file: string | undefined;
  /** What the histories were made of. */
  tally: Tally;
}

type What<T = Observation> = T extends unknown ? Omit<T, 'at'> : never;

interface ModelNode {
  id: string;
  directory: string;
  start: ModelStart | undefined;
  isDiskFull: boolean;
}

const EPOCH = Date.UTC(2031, 0, 1);
const RESERVE_SECONDS = 60;
const BEAT_MS = 5_000;

/** One history: two nodes, one tokenset, one provider, and a list of commands that says what happens next. */
export class World {
  readonly scheduler = new Scheduler();
  readonly time: VirtualTime;
  readonly oracle: Oracle;
  readonly history: Observation[] = [];
  private readonly invariants = new Invariants();
  private readonly outside: Outside;
  private readonly nodes: ModelNode[];
  private tokensetId = '';
  private version = 1;
  private grant = 0;
  private beatAt = 0;
  private writes = 0;
  private seen: { writes: number; snapshot: Snapshot } | undefined;
  private isThere = true;
  /** How the provider treats what comes next; by itself it does what it is asked. */
  next: Treatment | undefined;
  /** Broken at an await that nobody stands at. */
  private failure: Error | undefined;

  private constructor(
    readonly ground: Ground,
    readonly setting: Setting,
  ) {
    this.time = new VirtualTime(ground.database, EPOCH);
    const { rotation, graceSeconds, reuseKills, rotates } = setting;
    this.oracle = new Oracle({ rotation, graceMs: graceSeconds * 1000, reuseKills, rotates }, () =>
      this.time.monotonic(),
    );
    this.outside = new Outside(ground.outside, ground.database);
    this.nodes = ground.sources.map((_, i) => ({
      id: randomUUID(),
      directory: join(ground.directory, `${this.outside.personId}-${i}`),
      start: undefined,
      isDiskFull: false,
    }));
    this.random = randomOf(setting.seed);
  }

  private readonly random: () => number;

  static async begin(ground: Ground, setting: Setting): Promise<World> {
    ground.isUp = true;
    const world = new World(ground, setting);
    const { rotation, graceSeconds } = setting;
    world.see({
      saw: 'setting',
      rotation,
      graceMs: graceSeconds * 1000,
      takeoverMs: TAKEOVER_SECONDS * 1000,
      timeoutMs: TIMEOUT_MS,
    });
    await world.time.tellDatabase();
    await ground.database.restarted(EPOCH);
    await world.connect();
    for (const node of [0, 1]) {
      await world.start(node);
      await world.goOnToTheEnd();
    }
    return world;
  }

  /** Whether a line of a history makes sense where it stands. */
  can(command: Command): boolean {
    const start = 'node' in command ? this.nodes[command.node]!.start : undefined;
    switch (command.do) {
      case 'refresh':
        return (start?.isReady ?? false) && this.isThere;
      case 'sweep':
        return start?.isReady ?? false;
      case 'kill':
      case 'kill at':
        return start !== undefined;
      case 'leave':
        return (start?.isReady ?? false) && this.ground.isUp && this.scheduler.waiting === 0;
      case 'boot':
        return start === undefined && this.ground.isUp;
      case 'reconnect':
      case 'delete':
        return this.isThere && this.ground.isUp;
      case 'go on':
        return this.scheduler.waiting > 0;
      case 'database':
        return command.isUp !== this.ground.isUp;
      case 'disk':
        return command.isFull !== this.nodes[command.node]!.isDiskFull;
      default:
        return true;
    }
  }

  async run(command: Command): Promise<void> {
    this.see({ saw: 'command', command: said(command) });
    await this.doing(command);
    await this.look();
  }

  private async doing(command: Command): Promise<void> {
    switch (command.do) {
      case 'refresh':
        return this.begun(this.exchange(command.node, command.kind));
      case 'sweep':
        return this.begun(this.nodes[command.node]!.start!.sweep());
      case 'go on':
        for (let i = 0; i < command.stops && this.scheduler.waiting > 0; i += 1) await this.goOn(command.pick);
        return;
      case 'wait':
        return this.wait(command.seconds * 1000);
      case 'set clock':
        this.time.jump(command.seconds * 1000);
        return this.beat();
      case 'reconnect':
        return this.connect();
      case 'delete':
        this.isThere = false;
        await this.outsideWork(() => this.outside.delete(this.tokensetId));
        return;
      case 'revoke':
        this.oracle.revoke(this.grant);
        return this.see({ saw: 'revoked', grant: this.grant });
      case 'kill':
        return this.nodes[command.node]!.start!.process.kill();
      case 'kill at':
        return this.nodes[command.node]!.start!.process.killAt(command.point);
      case 'boot':
        return this.start(command.node);
      case 'leave':
        return this.leave(command.node);
      case 'provider':
        this.next = command.next;
        return;
      case 'database':
        return this.reachable(command.isUp);
      case 'cut':
        return this.ground.wires[command.node]!.failAfter(command.after, command.isExecuted);
      case 'disk':
        this.nodes[command.node]!.isDiskFull = command.isFull;
    }
  }

  /** Everybody comes back, what waits goes on, time goes by; then the provider is asked. */
  async end(): Promise<void> {
    try {
      await this.settleAll();
      await this.look();
      const snapshot = await this.snapshot();
      const refresh = snapshot.row?.refresh ?? null;
      this.see({ saw: 'end', snapshot, alive: refresh && this.oracle.takes(refresh) });
    } finally {
      await this.leaveGround();
    }
  }

  private async settleAll(): Promise<void> {
    this.see({ saw: 'command', command: 'end' });
    this.next = undefined;
    for (const wire of this.ground.wires) wire.heal();
    await this.reachable(true);
    await this.goOnToTheEnd();
    for (const [i, node] of this.nodes.entries()) {
      node.isDiskFull = false;
      node.start?.process.killAt(undefined);
      if (!node.start) await this.start(i);
      await this.goOnToTheEnd();
    }
    for (const seconds of [61, 610, 1_300, 3_700]) {
      await this.wait(seconds * 1000);
      for (const { start } of this.nodes) await this.begun(start!.sweep());
      await this.goOnToTheEnd();
      if (!(await this.isInDoubt())) break;
    }
    if (this.isThere) await this.begun(this.exchange(0, 'forced'));
    await this.goOnToTheEnd();
  }

  private async isInDoubt(): Promise<boolean> {
    const { row, attempts } = await this.durable();
    return (
      row?.status === 'active' && attempts.some(({ base, state }) => base === row.version && /sent|unknown/.test(state))
    );
  }

  /** Also after a history that failed: nothing of it may be found by the next. */
  async leaveGround(): Promise<void> {
    for (const { start, directory } of this.nodes) {
      start?.process.end();
      rmSync(directory, { recursive: true, force: true });
    }
    this.ground.isUp = true;
    for (const wire of this.ground.wires) wire.heal();
    await this.ground.database.own.query(
      'DELETE FROM refresh_attempts; DELETE FROM tokensets; DELETE FROM nodes; DELETE FROM outbox',
    );
    if (this.ground.file) appendHistory(this.ground.file, this.history);
  }

  /** Seen, kept and judged. Inside a run of the product its throw would be taken for an error of the store. */
  see(what: What): void {
    const seen = { at: this.time.now(), ...what };
    this.history.push(seen);
    this.ground.tally.add(seen);
    try {
      this.invariants.observe(seen);
    } catch (error) {
      this.failure ??= error as Error;
    }
  }

  /** As the provider would look into the database, through a connection of its own. */
  snapshot(): Promise<Snapshot> {
    return this.scheduler.work(() => snapshotOf(this.ground.database, this.tokensetId));
  }

  /** The same, from memory where nobody has written since. */
  private async durable(): Promise<Snapshot> {
    const writes = this.writes + this.ground.wires.reduce((sum, wire) => sum + wire.writes, 0);
    if (this.seen?.writes !== writes) this.seen = { writes, snapshot: await this.snapshot() };
    return this.seen.snapshot;
  }

  private async look(): Promise<void> {
    const before = this.seen;
    const snapshot = await this.durable();
    if (snapshot.row) this.version = snapshot.row.version;
    if (this.seen !== before) this.see({ saw: 'durable', snapshot });
    if (this.failure) throw this.failure;
  }

  private async goOn(pick: number): Promise<void> {
    await this.scheduler.goOn(pick);
    await this.look();
  }

  private async goOnToTheEnd(): Promise<void> {
    for (let i = 0; this.scheduler.waiting > 0; i += 1) {
      if (i > 1_000) throw new Error('a history does not come to its end');
      await this.goOn(0);
    }
  }

  /** Runs by itself, up to its first stop. What it fails with its callers hear; here nobody does. */
  private async begun(work: Promise<unknown>): Promise<void> {
    work.catch(() => undefined);
    await this.scheduler.settled();
  }

  /** Timers go off in their order, hearts beat, and between two of them everything comes to a stop. */
  private async wait(ms: number): Promise<void> {
    const until = this.time.monotonic() + ms;
    for (let at = this.time.due(until); at !== undefined; at = this.time.due(until)) {
      this.time.moveTo(at);
      if (this.time.monotonic() - this.beatAt >= BEAT_MS) await this.beat();
      this.time.wake();
      await this.scheduler.settled();
    }
    this.time.moveTo(until);
    await this.beat();
  }

  private async beat(): Promise<void> {
    this.beatAt = this.time.monotonic();
    for (const { start, id } of this.nodes)
      if (start?.isReady && (await start.beat())) this.see({ saw: 'beat', node: id, boot: start.settings.bootId });
  }

  private async reachable(isUp: boolean): Promise<void> {
    if (isUp === this.ground.isUp) return;
    this.ground.isUp = isUp;
    if (!isUp) return;
    await this.ground.database.restarted(this.time.now());
    await this.beat();
  }

  private async connect(): Promise<void> {
    const { token, access, refresh } = this.oracle.grant();
    this.grant = token.grant;
    this.see({ saw: 'granted', token });
    const now = new Date(this.time.now() - 50_000);
    this.tokensetId = await this.outsideWork(() => this.outside.connect({ access, refresh }, now));
    await this.look();
  }

  private outsideWork<T>(work: () => Promise<T>): Promise<T> {
    return this.scheduler.work(async () => {
      await this.time.tellDatabase();
      this.writes += 1;
      return work();
    });
  }

  private async start(index: number): Promise<void> {
    const node = this.nodes[index]!;
    const { database, sources, controls } = this.ground;
    const process = new ModelProcess(this.scheduler, this.time, () => {
      node.start = undefined;
      this.see({ saw: 'kill', node: node.id, boot: start.settings.bootId });
    });
    const start: ModelStart = new ModelStart(process, {
      database,
      source: sources[index]!,
      directory: node.directory,
      node: node.id,
      spills: controls.spills,
      random: this.random,
      terms: (due) => ({ ...this.terms(), ...due }),
      send: (sender) => requests(this, sender, node.id),
      reuseKills: this.setting.reuseKills,
      monotonic: () => this.time.monotonic(),
      isDiskFull: () => node.isDiskFull,
      spilled: (attempt, failed) => this.see({ saw: 'spilled', node: node.id, attempt, failed }),
      committing: (attempt) => this.see({ saw: 'committing', attempt }),
    });
    node.id = start.node;
    node.start = start;
    const booting = start.boot().then(
      () => this.see({ saw: 'boot', node: node.id, boot: start.settings.bootId }),
      () => process.kill(),
    );
    await this.begun(booting);
  }

  private async leave(index: number): Promise<void> {
    const { start } = this.nodes[index]!;
    await this.begun(start!.leave());
    start!.process.kill();
    const { id } = this.nodes[index]!;
    if (!(await this.ground.database.knows(id))) this.see({ saw: 'left', node: id });
  }

  private terms(): Omit<RefreshTerms, 'kind' | 'atVersion' | 'reserveSeconds'> {
    const { rotation, graceSeconds } = this.setting;
    const { tokensetId } = this;
    return {
      tokensetId,
      tokenOrigin: ORIGIN,
      formerTokenOrigins: [],
      narrowTo: null,
      rotation,
      graceSeconds,
      actor: { kind: 'system' },
    };
  }

  /** What a caller of this node gets: the token that is there, or the one that a refresh brings. */
  private async exchange(index: number, kind: 'on_demand' | 'early' | 'forced'): Promise<void> {
    const start = this.nodes[index]!.start!;
    const atVersion = kind === 'on_demand' ? null : this.version;
    const due = { tokensetId: this.tokensetId, reserveSeconds: RESERVE_SECONDS, atVersion, kind };
    const outcome = await start.refresh(due);
    if (outcome.state === 'refreshed') return this.serve(start, outcome.accessToken);
    const stored = await start.process.reach('read', () => storedToken(this.ground, index, this.tokensetId));
    if (stored) await this.serve(start, stored);
  }

  async serve({ process }: ModelStart, accessToken: string): Promise<void> {
    const snapshot = await process.io(() => this.durable());
    this.see({ saw: 'served', token: readToken(accessToken), snapshot });
  }
}
