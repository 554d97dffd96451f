import { recordFigure, safetyCount } from '@strongroom/testing';
import { Browser, Flow } from '../../test/browser.js';
import { APP, type HttpAnswer } from '../../test/connect-bench.js';
import { suiteBench } from '../../test/suite-bench.js';

const URIS = safetyCount('REDIRECT_URIS', { short: 1_500, full: 100_000 });
const AT_ONCE = 20;

/** What an address may be changed by: case, slashes, userinfo, port, fragment, traversal, unicode, control characters. */
const PIECES = [
  ...['/', '//', '\\', '\\\\', '@', 'user@', 'evil.example@', '#', '#@', '?', ':8443', ':443', ':0', '.', '..', '/../'],
  ...['%2e', '%2E%2E/', '%2f', '%5c', '%40', '%00', '%0d%0a', ';', '&', '*', ' ', '\t', '\n', '\u0000', 'é', '\u3002'],
  ...['\uff0f', '\u2044', '\u202e', '\u200b', 'A', 'x', '.evil.example', 'javascript:', 'http:', '[::1]', '=', ','],
];
const flip = (text: string) =>
  text.replace(/[a-z]/i, (one) => (/[a-z]/.test(one) ? one.toUpperCase() : one.toLowerCase()));

/** The same number makes the same address; small numbers go through all pieces at all places, once. */
function changed(uri: string, n: number): string {
  const piece = PIECES[n % PIECES.length]!;
  const round = Math.floor(n / PIECES.length);
  const place = round % (uri.length + 1);
  const kind = Math.floor(round / (uri.length + 1)) % 8;
  const rest = uri.slice(place + (kind % 4));
  const whole = uri.slice(0, place) + piece + (kind < 4 ? rest : flip(rest));
  return kind === 7 ? whole + piece : whole;
}

/** So many addresses, no two alike and none of those registered: changed once, and when that is exhausted once more. */
function* mutated(registered: readonly string[], count: number): Generator<string> {
  const seen = new Set(registered);
  for (let n = 0; seen.size < count + registered.length; n++) {
    const uri = registered[n % registered.length]!;
    const ways = PIECES.length * (uri.length + 1) * 8;
    const turn = Math.floor(n / registered.length);
    const once = changed(uri, turn % ways);
    const address = turn < ways ? once : changed(once, turn * 31);
    if (seen.has(address)) continue;
    seen.add(address);
    yield address;
  }
}

/** Figure 33, at the real endpoints: what a browser could be led to. */
describe('redirect addresses that nobody registered', () => {
  const bench = suiteBench();
  const CUSTOM = 'com.example.app:/done';
  let client: ReturnType<typeof bench.client>;
  let connection: ReturnType<typeof bench.connection>;
  let outside = 0;
  let tried = 0;
  let control = '';

  beforeAll(() => {
    client = bench.client({ callbacks: [APP, CUSTOM] });
    connection = bench.connection(client);
  });
  afterAll(() =>
    recordFigure({
      id: '33 (connect)',
      title: 'mutated redirect addresses, no two alike, at connect, and at every page with the address in its query',
      required: '0 of 100,000 taken, 0 redirects to them',
      measured: `${outside} of ${tried.toLocaleString('en')}`,
      holds: outside === 0 && tried >= URIS && control !== '',
      control,
    }),
  );

  const begin = (redirect_uri: string, token: string) =>
    bench.call('POST', '/me/v1/connected-accounts/connect', token, { connection: connection.name, redirect_uri });
  /** Leads away from our own pages and sign-in. */
  const leaves = ({ location }: HttpAnswer) => location !== '' && !location.startsWith(`${bench.publicUrl.origin}/`);

  it('C7 CN-17 33 connect takes none of them, and no page leads to one', async () => {
    const token = bench.token(bench.person('Alice'), client);
    const pages = [
      '/connected-accounts/connect',
      '/connected-accounts/connect/signed-in',
      '/connect',
      '/connect/callback/x',
    ];
    const names = ['redirect_uri', 'return_to', 'ticket', 'state', 'error_uri'];
    const registered = [APP, CUSTOM];
    const wrong: string[] = [];
    const attempt = async (uri: string) => {
      const n = tried++;
      const answer = await begin(uri, token);
      if (answer.status !== 400 || answer.location !== '') wrong.push(`connect ${answer.status}: ${uri}`);
      if (n % 5 !== 0) return;
      const query = new URLSearchParams(Object.fromEntries(names.map((name) => [name, uri])));
      const page = await bench.send('GET', `${pages[(n / 5) % pages.length]}?error=access_denied&${query.toString()}`);
      if (leaves(page)) wrong.push(`page: ${page.location}`);
    };
    const addresses = mutated(registered, URIS);
    const caller = async () => {
      for (const uri of addresses) await attempt(uri);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
    outside += wrong.length;
    expect(wrong).toEqual([]);
    expect(await bench.database.query('SELECT id FROM connect_sessions')).toEqual([]);
  }, 1_200_000);

  it('C7 CN-18 33 a stored address that was taken off the client, or changed by a piece, leads nowhere', async () => {
    const ways: ((flow: Flow) => Promise<HttpAnswer>)[] = [
      (flow) => flow.browser.press(flow.page, 'deny'),
      (flow) => flow.browser.press(flow.page, 'accept'),
      async (flow) => flow.browser.get((await flow.accept()).callbackUrl),
      async (flow) => flow.browser.get((await flow.accept()).callbackUrl.replace(/code=[^&]+/, 'error=access_denied')),
    ];
    const places = [() => [], () => [APP.toUpperCase()], () => [`${APP}/`], () => [APP.slice(0, -1)]];
    for (const [n, way] of ways.entries())
      for (const remaining of places) {
        const own = bench.client();
        const itsConnection = bench.connection(own);
        const person = bench.person('Alice');
        const flow = new Flow(bench, own, itsConnection, person, new Browser(bench, person));
        await (await flow.begin()).open();
        const original = flow.accept.bind(flow);
        flow.accept = async () => {
          if (n >= 2) own.callbacks.splice(0, 1, APP);
          const there = await original();
          own.callbacks.splice(0, own.callbacks.length, ...remaining());
          return there;
        };
        if (n < 2) own.callbacks.splice(0, own.callbacks.length, ...remaining());
        const answer = await way(flow);
        if (leaves(answer)) outside++;
        expect([answer.status, answer.location]).toEqual([400, '']);
      }
  });

  it('C7 control: a comparison by the beginning takes many of them', async () => {
    const { origin } = new URL(APP);
    const byPrefix = Object.assign([APP], { includes: (uri: string) => uri.startsWith(origin) });
    const loose = bench.client({ callbacks: byPrefix });
    connection.clients.add(loose.clientId);
    let taken = 0;
    for (let n = 0; n < 300; n++) {
      const token = bench.token(bench.person('Alice'), loose);
      if ((await begin(changed(APP, n * 7), token)).status === 201) taken++;
    }
    control = `compared by its beginning ${taken} of 300 are taken`;
    expect(taken).toBeGreaterThan(10);
  });
});
