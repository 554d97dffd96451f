import { jest } from '@jest/globals';
import type { ClientView, ConnectionView } from '@strongroom/contracts';
import { recordFigure, safetyCount } from '@strongroom/testing';
import type { DataSource } from 'typeorm';
import { Browser, Flow } from '../../test/browser.js';
import type { HttpAnswer } from '../../test/connect-bench.js';
import { suiteBench } from '../../test/suite-bench.js';
import { ConnectSessionEntity } from './connect-session.entity.js';
import { ConnectSessions } from './connect-sessions.js';
import { newSecret } from './secrets.js';

const ROUNDS = safetyCount('ROUNDS', { short: 4, full: 200 });
const AT_ONCE = 50;
/** Between the read that finds a session and the write that moves it: without it the callers hardly meet. */
const DELAY_MS = 3;

type Step = ConnectSessions['step'];
const step = Object.getOwnPropertyDescriptor(ConnectSessions.prototype, 'step')!.value as Step;
const delay = () => new Promise((done) => setTimeout(done, DELAY_MS));

/** One way to use something that works once: what is prepared, one use of it, and which answer says that it worked. */
interface SingleUse {
  title: string;
  until: (flow: Flow) => Promise<Flow>;
  /** What each of the callers needs beforehand. */
  each?: (flow: Flow) => Promise<Browser>;
  use: (flow: Flow, browser: Browser, caller: number) => Promise<HttpAnswer>;
  worked: (answer: HttpAnswer) => boolean;
}

const hasCode = ({ location }: HttpAnswer) =>
  URL.canParse(location) && new URL(location).searchParams.has('connect_code');

/** Figure 29, what the connect flow has of it. */
describe('what works once in the connect flow', () => {
  const bench = suiteBench();
  let client: ClientView;
  let connection: ConnectionView;

  beforeAll(() => {
    client = bench.client();
    connection = bench.connection(client);
  });
  afterEach(() => jest.restoreAllMocks());

  const uses: Record<string, SingleUse> = {
    ticket: {
      title: 'One ticket opened in 50 browsers of the right person',
      until: (flow) => flow.begin(),
      each: async (flow) => {
        const browser = new Browser(bench, flow.person);
        const start = await browser.get(flow.ticketUrl);
        back.set(browser, bench.signIn.authorize(start.location, flow.person));
        return browser;
      },
      use: async (_, browser) => browser.get(back.get(browser)!),
      worked: ({ headers }) => /strongroom_connect_[0-9a-f]{8}=[\w-]/.test(String(headers['set-cookie'])),
    },
    accept: {
      title: 'One consent page accepted',
      until: async (flow) => (await flow.begin()).open(),
      use: (flow) => flow.browser.press(flow.page, 'accept'),
      worked: ({ location }) => location.startsWith('https://provider.example.net/authorize?'),
    },
    state: {
      title: 'One upstream state, each time with another code',
      until: async (flow) => (await (await flow.begin()).open()).accept(),
      use: (flow, _, caller) => flow.browser.get(flow.callbackUrl.replace(flow.code, `${flow.code}_${caller}`)),
      worked: hasCode,
    },
    'connect-code': {
      title: 'One connect_code redeemed',
      until: (flow) => flow.untilCode(),
      use: (flow) => flow.complete(),
      worked: ({ status }) => status === 201,
    },
    'auth-session': {
      title: 'One auth_session with the right connect_code and 49 guesses at the same time',
      until: (flow) => flow.untilCode(),
      use: (flow, _, caller) => flow.complete(caller === 0 ? {} : { connect_code: newSecret() }),
      // One attempt goes on, whoever makes it: the right code's is answered 201, a guess's 400.
      worked: ({ status }) => status === 201 || status === 400,
    },
  };
  const back = new WeakMap<Browser, string>();

  /** For a control: nobody writes before a second one has read. */
  const meeting = () => {
    let met = (): void => undefined;
    const both = new Promise<void>((done) => (met = done));
    let here = 0;
    return () => ((here += 1) > 1 && met(), both);
  };
  const slowly = (run: Step = step, between: () => Promise<unknown> = delay) =>
    jest.spyOn(ConnectSessions.prototype, 'step').mockImplementation(async function (this: ConnectSessions, ...given) {
      await between();
      return run.apply(this, given);
    });
  /** A step that asks neither for the state nor for the time. */
  const careless: Step = async function (this: ConnectSessions, _, { sql, values }, change) {
    const { database } = this as object as { database: DataSource };
    await database.createQueryBuilder().update(ConnectSessionEntity).set(change).where(sql, values).execute();
    const [, name] = /^(\w+) = :/.exec(sql)!;
    const [value] = Object.values(values);
    const member = { ticket_hash: 'ticketHash', auth_session_hash: 'authSessionHash', id: 'id' }[name!]!;
    return this.find({ [member]: value });
  };

  const round = async ({ until, each, use, worked }: SingleUse, prepared = (): unknown => undefined) => {
    // Another person each time: one has ten open sessions at most.
    const flow = await until(new Flow(bench, client, connection, bench.person('Someone')));
    const callers = Array.from({ length: AT_ONCE }, (_, n) => n);
    const browsers = await Promise.all(callers.map(() => each?.(flow) ?? Promise.resolve(flow.browser)));
    prepared();
    const answers = await Promise.all(callers.map((n) => use(flow, browsers[n]!, n)));
    return {
      good: answers.filter(worked).length,
      errors: answers.filter(({ status }) => status >= 500).length,
      redeemed: bench.vault.sent.filter(({ sessionId }) => sessionId === flow.sessionId).length,
    };
  };

  it.each(Object.keys(uses))(
    'C6 CN-12 CN-13 29 one of 50 at once succeeds: %s',
    async (name) => {
      slowly();
      let right = 0;
      for (let n = 0; n < ROUNDS; n++) {
        const { good, errors, redeemed } = await round(uses[name]!);
        if (good === 1 && errors === 0 && redeemed <= 1) right++;
        bench.vault.forget();
      }
      jest.restoreAllMocks();
      const broken = (await round(uses[name]!, () => slowly(careless, meeting()))).good;
      recordFigure({
        id: `29 (${name})`,
        title: `${uses[name]!.title}, 50 at once, ${DELAY_MS} ms between read and write`,
        required: 'one success in each round, no 500',
        measured: `${right} of ${ROUNDS} rounds`,
        holds: right === ROUNDS && broken > 1,
        control: `with a step that asks neither for state nor for time ${broken} of 50 succeed`,
      });
      expect({ right, broken: broken > 1 }).toEqual({ right: ROUNDS, broken: true });
    },
    600_000,
  );
});
