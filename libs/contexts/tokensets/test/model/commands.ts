import fc from 'fast-check';
import { type CrashPoint, crashPoints } from '../../src/refresh/crash-points.js';
import type { RefreshKind, Rotation } from '../../src/refresh/refresh.types.js';
import type { World } from './world.js';

/** How the provider treats the next request. */
const treatments = ['lost before it acted', 'lost after it acted', 'server error', 'rate limited'] as const;
export type Treatment = (typeof treatments)[number];

/** One line of a history. `node` is 0 or 1. */
export type Command =
  | { do: 'refresh'; node: number; kind: Extract<RefreshKind, 'on_demand' | 'early' | 'forced'> }
  | { do: 'sweep'; node: number }
  /** The run that waits there goes on, so many stops far. */
  | { do: 'go on'; pick: number; stops: number }
  | { do: 'wait'; seconds: number }
  | { do: 'set clock'; seconds: number }
  | { do: 'reconnect' }
  | { do: 'delete' }
  | { do: 'revoke' }
  | { do: 'kill'; node: number }
  | { do: 'kill at'; node: number; point: CrashPoint }
  | { do: 'boot'; node: number }
  | { do: 'leave'; node: number }
  | { do: 'provider'; next: Treatment }
  | { do: 'database'; isUp: boolean }
  | { do: 'cut'; node: number; after: number; isExecuted: boolean }
  | { do: 'disk'; node: number; isFull: boolean };

export interface Setting {
  rotation: Rotation;
  graceSeconds: number;
  reuseKills: boolean;
  rotates: boolean;
  seed: number;
}

export const settings: fc.Arbitrary<Setting> = fc
  .record({
    rotation: fc.constantFrom<Rotation>('strict', 'strict', 'grace', 'repeatable'),
    graceSeconds: fc.constantFrom(20, 60, 600),
    reuseKills: fc.boolean(),
    rotates: fc.boolean(),
    seed: fc.nat(),
  })
  .map((setting) => ({ ...setting, rotates: setting.rotates || setting.rotation !== 'repeatable' }));

const node = fc.constantFrom(0, 0, 1);
const of = <Kind extends Command['do'], Rest>(kind: Kind, rest: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> }) =>
  fc.record(rest).map((values) => ({ do: kind, ...values }) as Command);

/** As likely as the number says: what ends a history is rare, what leads into a race is not. */
const weighted: [number, fc.Arbitrary<Command>][] = [
  [16, of('refresh', { node, kind: fc.constantFrom('on_demand', 'early', 'forced') })],
  [24, of('go on', { pick: fc.nat(3), stops: fc.integer({ min: 1, max: 8 }) })],
  [8, of('wait', { seconds: fc.constantFrom(1, 5, 20, 46, 100, 601, 700, 1300) })],
  [6, of('sweep', { node })],
  [8, of('provider', { next: fc.constantFrom<Treatment>(...treatments) })],
  [3, of('kill', { node })],
  [10, of('kill at', { node, point: fc.constantFrom<CrashPoint>(...crashPoints, 'P4', 'P4') })],
  [8, of('boot', { node })],
  [1, of('leave', { node })],
  [2, of('set clock', { seconds: fc.constantFrom(-300, -60, 60, 300) })],
  [3, of('reconnect', {})],
  [0.3, of('delete', {})],
  [0.3, of('revoke', {})],
  [1, of('database', { isUp: fc.constant(false) })],
  [3, of('database', { isUp: fc.constant(true) })],
  [4, of('cut', { node, after: fc.nat(12), isExecuted: fc.boolean() })],
  [0.5, of('disk', { node, isFull: fc.constant(true) })],
  [1, of('disk', { node, isFull: fc.constant(false) })],
];
const commands = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight: weight * 10, arbitrary })));

class Line implements fc.AsyncCommand<World, World> {
  constructor(private readonly command: Command) {}

  check(world: Readonly<World>): boolean {
    return world.can(this.command);
  }

  run(_: World, world: World): Promise<void> {
    return world.run(this.command);
  }

  toString(): string {
    return said(this.command);
  }
}

export const said = ({ do: what, ...rest }: Command): string =>
  [what, ...Object.entries(rest).map(([name, value]) => `${name}=${value}`)].join(' ');

/** Up to so many lines; those that make no sense where they stand are left out. */
export const histories = (maxCommands: number): fc.Arbitrary<Iterable<fc.AsyncCommand<World, World>>> =>
  fc.commands([commands.map((line) => new Line(line))], { maxCommands, size: 'max' });
