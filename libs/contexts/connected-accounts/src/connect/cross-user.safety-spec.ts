import { jest } from '@jest/globals';
import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { recordFigure } from '@strongroom/testing';
import { Browser, csrfOf, Flow } from '../../test/browser.js';
import type { HttpAnswer } from '../../test/connect-bench.js';
import { suiteBench } from '../../test/suite-bench.js';
import { ConnectSessions } from './connect-sessions.js';
import { newSecret } from './secrets.js';

/** What one attack ended with. The attacker holds whatever came back to the app's address, in either browser. */
interface Attack {
  /** The flow that somebody else should finish. */
  flow: Flow;
  /** `complete` as the attacker sends it at the end. */
  completed: HttpAnswer;
  /** Reasons of `connect.failed` that must be among those said. */
  says?: string;
}

type Step = ConnectSessions['step'];
const step = Object.getOwnPropertyDescriptor(ConnectSessions.prototype, 'step')!.value as Step;

/** Figure 27. The attacker begins, the victim is made to go on, in a browser of her own; then the attacker completes. */
describe('somebody else finishes the connect flow', () => {
  const bench = suiteBench();
  let attacker: PersonView;
  let victim: PersonView;
  let client: ClientView;
  let connection: ConnectionView & { clients: Set<string> };
  let attackers: Browser;
  let victims: Browser;

  const setUp = () => {
    bench.vault.forget();
    attacker = bench.person('Attacker');
    victim = bench.person('Victim');
    client = bench.client();
    connection = bench.connection(client);
    attackers = new Browser(bench, attacker);
    victims = new Browser(bench, victim);
  };
  const flowOf = (person: PersonView, browser: Browser, of = client) =>
    new Flow(bench, of, connection, person, browser, undefined, bench.token(person, of));
  const begun = () => flowOf(attacker, attackers).begin();
  const codeIn = ({ location }: HttpAnswer): string | null =>
    URL.canParse(location) ? new URL(location).searchParams.get('connect_code') : null;

  /** All that a browser does with a page of ours whose person says yes, at a provider that says yes by itself. */
  const sayYes = async (browser: Browser, page: HttpAnswer, flow: Flow): Promise<string | null> => {
    if (!page.body.includes('name="csrf"')) return null;
    const { location } = await browser.press(page, 'accept');
    if (!URL.canParse(location)) return null;
    const asked = new URL(location).searchParams;
    const query = `code=${flow.code}&state=${asked.get('state')}`;
    return codeIn(await browser.get(`${asked.get('redirect_uri')}?${query}`));
  };
  /** The link in the victim's browser, whatever she is asked there. */
  const lure = async (flow: Flow) => sayYes(victims, await victims.visit(flow.ticketUrl), flow);
  const finish = async (flow: Flow, connectCode: string | null, token = flow.token) =>
    flow.complete({ connect_code: connectCode ?? newSecret() }, token);

  const variants: Record<string, () => Promise<Attack>> = {
    'the victim, signed in, opens the link': async () => {
      const flow = await begun();
      return { flow, completed: await finish(flow, await lure(flow)), says: 'user_mismatch' };
    },
    'the victim, signed out, signs in where the link leads': async () => {
      const flow = await begun();
      const link = await victims.get(flow.ticketUrl);
      const signedIn = await victims.visit(bench.signIn.authorize(link.location, victim));
      return { flow, completed: await finish(flow, await sayYes(victims, signedIn, flow)), says: 'user_mismatch' };
    },
    'the victim has this provider connected already, which approves by itself': async () => {
      const own = await flowOf(victim, victims).untilCode();
      if ((await own.complete()).status !== 201) throw new Error('the victim could not connect');
      bench.vault.forget();
      const flow = await begun();
      return { flow, completed: await finish(flow, await lure(flow)), says: 'user_mismatch' };
    },
    'a link previewer of the victim opens the link before her': async () => {
      const flow = await begun();
      for (const method of ['HEAD', 'GET'] as const) await new Browser(bench, null).get(flow.ticketUrl, {}, method);
      await victims.get(flow.ticketUrl, { 'sec-purpose': 'prefetch' });
      return { flow, completed: await finish(flow, await lure(flow)), says: 'user_mismatch' };
    },
    'the attacker sends the address of the provider: the callback comes in the victim’s browser': async () => {
      const flow = await (await (await begun()).open()).accept();
      const answer = await victims.get(flow.callbackUrl);
      return { flow, completed: await finish(flow, codeIn(answer)), says: 'state_mismatch' };
    },
    'the same, while the victim has a flow of her own at the provider': async () => {
      const own = await (await (await flowOf(victim, victims).begin()).open()).accept();
      const flow = await (await (await begun()).open()).accept();
      const answer = await victims.get(flow.callbackUrl.replace(flow.code, own.code));
      return { flow, completed: await finish(flow, codeIn(answer)), says: 'state_mismatch' };
    },
    'the attacker’s own sign-in is brought into the victim’s browser': async () => {
      const flow = await begun();
      const back = bench.signIn.authorize((await attackers.get(flow.ticketUrl)).location, attacker);
      const page = await victims.visit(back);
      return { flow, completed: await finish(flow, await sayYes(victims, page, flow)) };
    },
    'the victim’s browser is made to post the attacker’s consent form': async () => {
      const flow = await (await begun()).open();
      const form = { csrf: csrfOf(flow.page), action: 'accept' };
      const { location } = await victims.post('/connected-accounts/connect', form, { 'sec-fetch-site': 'cross-site' });
      const sent = await victims.post('/connected-accounts/connect', form);
      const asked = [location, sent.location].find((url) => URL.canParse(url));
      const answer =
        asked && (await victims.get(`${new URL(asked).searchParams.get('redirect_uri')}?code=${flow.code}`));
      return { flow, completed: await finish(flow, answer ? codeIn(answer) : null) };
    },
    'the attacker completes the victim’s flow with her auth_session and her connect_code': async () => {
      const flow = await flowOf(victim, victims).untilCode();
      const completed = await finish(flow, flow.connectCode, bench.token(attacker, client));
      return { flow, completed, says: 'user_mismatch' };
    },
    'the attacker guesses a connect_code while the victim looks at the page, and after the callback': async () => {
      const flow = await begun();
      const page = await victims.visit(flow.ticketUrl);
      const early = await finish(flow, null);
      const completed = await finish(flow, await sayYes(victims, page, flow));
      return { flow, completed: early.status < 300 ? early : completed, says: 'user_mismatch' };
    },
    'another client of the victim completes, with her token for it': async () => {
      const other = bench.client();
      connection.clients.add(other.clientId);
      const flow = await flowOf(victim, victims).untilCode();
      const completed = await finish(flow, flow.connectCode, bench.token(victim, other));
      return { flow, completed, says: 'user_mismatch' };
    },
    'the victim is deleted and somebody made anew with her public id opens the link and completes': async () => {
      const again = { ...bench.person('Made anew'), userId: victim.userId };
      const lured = await flowOf(victim, victims).begin();
      const browser = new Browser(bench, again);
      await sayYes(browser, await browser.visit(lured.ticketUrl), lured);
      const flow = await flowOf(victim, victims).untilCode();
      const completed = await finish(flow, flow.connectCode, bench.token(again, client));
      return { flow, completed, says: 'user_mismatch' };
    },
  };

  const attack = async (run: () => Promise<Attack>) => {
    setUp();
    const before = await accountIds();
    const { flow, completed, says } = await run();
    const failures = await flow.failures();
    const kept = (await accountIds()).filter((id) => !before.includes(id));
    return {
      status: completed.status,
      tokenCalls: bench.vault.sent.length,
      bound: completed.status === 201 || bench.vault.sent.length > 0,
      accounts: kept.filter((id) => bench.vault.results.get(flow.sessionId)?.accountId === id).length,
      isSaid: says === undefined || failures.includes(says),
    };
  };
  const accountIds = async () =>
    (await bench.database.query<{ id: string }[]>('SELECT id FROM connected_accounts')).map(({ id }) => id);
  const withoutPersons = (): void => {
    jest.spyOn(ConnectSessions.prototype, 'step').mockImplementation(function (this: ConnectSessions, from, where, to) {
      const sql = where.sql.replace(/ AND (person|client)_id = :\w+/g, '');
      return step.call(this, from, { ...where, sql }, to);
    });
  };

  let broken = 0;
  const outcomes: Awaited<ReturnType<typeof attack>>[] = [];
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => {
    const bound = outcomes.filter((one) => one.bound || one.accounts > 0).length;
    const calls = outcomes.reduce((sum, { tokenCalls }) => sum + tokenCalls, 0);
    recordFigure({
      id: '27',
      title: 'a connect flow that one person begins and another is made to finish, two browsers',
      required: '0 of 12 variants bind, 0 provider token calls',
      measured: `${bound} of ${outcomes.length} bind, ${calls} token calls`,
      holds: outcomes.length === 12 && outcomes.every(({ isSaid }) => isSaid) && bound + calls === 0 && broken > 0,
      control: `without the person and the client in the steps ${broken} of 12 bind`,
    });
  });

  it.each(Object.keys(variants))('C1 CN-01 27 binds nothing: %s', async (name) => {
    const outcome = await attack(variants[name]!);
    outcomes.push(outcome);
    expect(outcome).toMatchObject({ tokenCalls: 0, bound: false, accounts: 0, isSaid: true });
    expect([400, 404]).toContain(outcome.status);
  });

  it('C1 control: a flow that does not look at who is there binds', async () => {
    for (const run of Object.values(variants)) {
      withoutPersons();
      if ((await attack(run)).bound) broken++;
      jest.restoreAllMocks();
    }
    expect(broken).toBeGreaterThan(5);
  });
});
