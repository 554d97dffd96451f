import type { EgressFailedError } from '@strongroom/egress';
import {
  type Catalogue,
  classifyTransport,
  type Fixture,
  type FixtureCase,
  type FixtureCaseGiven,
  type FixtureGiven,
  loadFixtures,
  type ResolvedProvider,
} from '@strongroom/providers';
import { startSimulator, type Simulator } from '../src/simulator.js';
import { asSent, here, read } from './exchanges.js';
import { type Given, Vault } from './vault.js';

const filesIn = (variable: string): string[] => (process.env[variable] ?? '').split(',').filter(Boolean);
const odd = (name: string) => `${import.meta.dirname}/odd/${name}.json`;

/** Providers with habits of their own come along always, and whatever the environment names. */
export const providersFiles = [odd('providers'), ...filesIn('STRONGROOM_PROVIDERS_FILE')];
const fixtureFiles = [odd('fixtures'), ...filesIn('STRONGROOM_TEST_PROVIDER_FIXTURES')];
export const { providers: fixtures } = loadFixtures(fixtureFiles);

/** A simulator of all of them, and a catalogue that points at it. */
export async function startAll(): Promise<{ simulator: Simulator; catalogue: Catalogue }> {
  const simulator = await startSimulator({ port: 0, providersFiles, fixtureFiles });
  return { simulator, catalogue: await Vault.catalogue(simulator, providersFiles) };
}

export type WholeGiven = Omit<FixtureGiven & Fixture['given'] & FixtureCaseGiven, 'clientAuth'> &
  Given & { clientAuth?: string | null };

/** One recorded provider, and a vault with the connection that was recorded. */
export class Recorded {
  readonly given: WholeGiven;

  constructor(
    private readonly simulator: Simulator,
    private readonly catalogue: Catalogue,
    readonly id: string,
    readonly fixture: Fixture,
  ) {
    this.given = fixture.given as WholeGiven;
  }

  get entry() {
    return this.catalogue.providers.get(this.id)!.entry;
  }

  get asking() {
    return { forceConsent: this.given.reconnect === true };
  }

  /** With every address where it is at the simulator. */
  mapped<T>(value: T): T {
    return here(this.simulator.origin, this.id, value) as T;
  }

  givenIn(one: FixtureCase): WholeGiven {
    return { ...this.given, ...one.given };
  }

  async vault(settings: object = {}, given = this.given): Promise<Vault> {
    const params = Object.entries(given.params ?? {})
      .filter(([name]) => ['admin', 'user'].includes(this.entry.params[name]?.source ?? 'admin'))
      .map(([name, value]) => [this.catalogue.optionOf(this.id, name), this.mapped(value)]);
    const { endpoints, authorization } = this.entry;
    const options = {
      ...Object.fromEntries(params),
      ...(typeof given.clientAuth === 'string' ? { token_endpoint_auth_method: given.clientAuth } : {}),
      ...(endpoints.authorization === undefined && authorization.scopeDelimiter === ' '
        ? { useOauthSpecScope: true }
        : {}),
      scope: given.scopes,
    };
    const vault = new Vault(
      this.simulator,
      this.catalogue,
      this.id,
      options,
      given,
      this.mapped(given.metadata ?? null),
    );
    await vault.register(settings);
    return vault;
  }

  /** As it stands in a case, with what earlier steps of the flow would have told. */
  resolved(vault: Vault, one: FixtureCase): Promise<ResolvedProvider> {
    const exchanged = Object.values(this.fixture.cases).find(
      ({ phase, expect: { class: kind } }) => phase === 'exchange' && kind === 'ok',
    );
    const extras = (exchanged?.expect['extras'] ?? {}) as Record<string, unknown>;
    const told = Object.entries(extras).map(([name, value]) => [name, String(value)]);
    const given = { ...Object.fromEntries(told), ...this.givenIn(one).params } as Record<string, string>;
    return vault.resolved(this.mapped(given), one.phase === 'refresh');
  }

  latest = (phase: string) => this.simulator.received(this.id).findLast((one) => one.phase === phase);

  /** The latest call of this phase, and the one that was recorded; `values` are new in each run. */
  compared(name: keyof Fixture['requests'], values: Record<string, string>, phase: string = name): [unknown, unknown] {
    const recorded = this.fixture.requests[name];
    if (!recorded) return [null, null];
    const came = this.latest(phase);
    return [came && asSent(came, values), read(recorded)];
  }

  /** The next call of the phase gets exactly this. */
  async answers(
    vault: Vault,
    phase: string,
    { status, headers = {}, body = '' }: NonNullable<FixtureCase['response']>,
  ) {
    const text = body.replaceAll('{{id_token}}', 'cnry.id.token');
    await vault.control('POST', 'answers', { phase, status, headers, body: text });
  }
}

/** What was made of an answer, or of the connection that brought none. */
export const orLost = <T>(call: { resolved: ResolvedProvider; phase: FixtureCase['phase'] }, read: Promise<T>) =>
  read.catch((error: unknown) => classifyTransport(error as EgressFailedError, call));

export const stringsIn = (values: object): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
