import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Canaries, hostileUrls, type HostileUrl } from '@strongroom/testing/ssrf';
import { Egress } from './egress.js';
import { EgressFailedError, EgressRefusedError } from './egress.errors.js';
import { EgressPolicy, type Target } from './egress-policy.js';
import { systemResolve } from './pinned-connection.js';

/** The corpus of `spec/threats.md` P1: what leads inside is refused, and would arrive there without the guard. */
describe('Egress: hostile URLs (P1)', () => {
  let canaries: Canaries;
  let corpus: HostileUrl[];
  const { target, admit } = Object.getOwnPropertyDescriptors(EgressPolicy.prototype);

  beforeAll(async () => {
    canaries = await Canaries.listen();
    corpus = hostileUrls(canaries);
  });
  beforeEach(() => {
    canaries.visits.length = 0;
  });
  afterEach(() => {
    Object.defineProperties(EgressPolicy.prototype, { target, admit });
  });
  afterAll(() => canaries.close());

  /** Every name leads to this machine; digits that look like an address to the system are left to it. */
  const toThisMachine = (host: string): Promise<string[]> => {
    if (host === '') return Promise.resolve([]);
    if (!/[a-z]/.test(host) || /^0x/.test(host)) return systemResolve(host);
    return Promise.resolve(['127.0.0.1', '::1']);
  };
  const egress = (): Egress => new Egress({ allow: [], resolve: toThisMachine });
  const get = (url: string, through = egress()): Promise<unknown> =>
    through.request({ method: 'GET', url, timeoutMs: 30_000 }).catch((error: unknown) => error);
  const leading = (...where: HostileUrl['leads'][]): HostileUrl[] =>
    corpus.filter(({ leads }) => where.includes(leads));

  /** What a naive client makes of a URL. */
  function onlyParsed(text: string): Target {
    const url = new URL(text);
    if (!/^https?:$/.test(url.protocol)) throw new TypeError('no HTTP client speaks this');
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.+$/, '');
    const isTls = url.protocol === 'https:';
    return { url, host, isTls, port: Number(url.port) || (isTls ? 443 : 80), isListed: false };
  }
  const switchOff = (...rules: ('target' | 'admit')[]): void => {
    const without = { target: onlyParsed, admit: () => undefined };
    for (const rule of rules) Object.assign(EgressPolicy.prototype, { [rule]: without[rule] });
  };

  it('are many', () => {
    const spellings = new Set(corpus.map(({ url }) => url));
    expect(spellings.size).toBe(corpus.length);
    expect(leading('here').length).toBeGreaterThanOrEqual(90);
    expect(corpus.length).toBeGreaterThanOrEqual(190);
  });

  it('reach nobody, as http and as https, at any port and at the usual one', async () => {
    for (const { url, byName } of corpus) {
      const secure = url.replace(/^http:/, 'https:');
      for (const spelling of [url, secure, secure.replace(`:${canaries.port}`, '')]) {
        const saved = (): void => egress().check(spelling);
        // A name of the outside at the usual port may be saved: nobody can say where it will lead.
        if (!byName || spelling.includes(`:${canaries.port}`))
          expect([spelling, refusalOf(saved)]).toEqual(REFUSED(spelling));
        expect([spelling, await get(spelling)]).toEqual([spelling, expect.any(EgressRefusedError)]);
        await expect(egress().certificate(spelling)).rejects.toBeInstanceOf(EgressRefusedError);
      }
    }
    expect(canaries.visits).toEqual([]);
  });

  it('reach nobody by the address alone, where scheme, port and name of the URL say nothing', async () => {
    switchOff('target');
    for (const { url } of leading('here', 'elsewhere'))
      expect([url, await get(url)]).toEqual([url, expect.any(EgressRefusedError)]);
    expect(canaries.visits).toEqual([]);
  });

  it('arrive when the guard is off: the canaries hear', async () => {
    switchOff('target', 'admit');
    const silent: string[] = [];
    for (const { url } of leading('here', 'nowhere')) {
      const before = canaries.visits.length;
      await get(url);
      if (canaries.visits.length === before) silent.push(url);
    }
    expect(silent).toEqual(leading('nowhere').map(({ url }) => url));
    expect([...new Set(canaries.visits)].sort()).toEqual([...canaries.addresses].sort());
    expect(canaries.visits.length).toBeGreaterThanOrEqual(90);
  });

  describe('behind names and redirects', () => {
    const PUBLIC = '93.184.216.34';
    let redirecting: Server;
    let origin: string;

    beforeAll(async () => {
      redirecting = createServer(({ url }, response) =>
        response
          .writeHead(Number(url?.slice(1)), {
            location: `http://127.0.0.1:${canaries.port}/latest/meta-data`,
            connection: 'close',
          })
          .end(),
      );
      await new Promise<void>((done) => redirecting.listen(0, '127.0.0.1', done));
      origin = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`;
    });
    afterAll(() => new Promise((done) => redirecting.close(done)));

    /** Answers one after another, the last one from then on. */
    const answering = (...answers: string[][]) => {
      const asked: string[] = [];
      const resolve = (host: string): Promise<string[]> => {
        asked.push(host);
        return Promise.resolve((answers.length > 1 ? answers.shift() : answers[0]) ?? []);
      };
      return { asked, resolve };
    };

    it.each([
      ['loopback', ['127.0.0.1']],
      ['loopback in IPv6', ['::1']],
      ['a public A and a loopback AAAA', [PUBLIC, '::1']],
      ['a loopback A and a public AAAA', ['127.0.0.1', '2606:4700:4700::1111']],
      ['many public ones and one mapped', [PUBLIC, '1.1.1.1', '8.8.8.8', '::ffff:127.0.0.1']],
      ['one with a zone', ['::1%lo']],
    ])('refuse a name that leads to %s, and arrive without the guard', async (_what, answer) => {
      const url = `http://idp.example:${canaries.port}/`;
      const inner = answer.filter((address) => /^(127|::)/.test(address));
      const { resolve } = answering(answer);
      switchOff('target');
      expect(await get(url, new Egress({ allow: [], resolve }))).toBeInstanceOf(EgressRefusedError);
      expect(canaries.visits).toEqual([]);
      switchOff('target', 'admit');
      await get(url, new Egress({ allow: [], resolve: answering(inner).resolve }));
      expect(canaries.visits).toHaveLength(1);
    });

    it('ask for a name once per request: what an answer changes to between check and connection meets nobody', async () => {
      const url = `http://idp.example:${canaries.port}/`;
      const rebinding = () => answering(['127.0.0.1'], ['127.255.255.254']);
      const { asked, resolve } = rebinding();
      // The public address is played by a listed one: nothing of a test leaves this machine.
      expect(await get(url, new Egress({ allow: [new URL(url).origin], resolve }))).toMatchObject({ status: 200 });
      expect(asked).toEqual(['idp.example']);
      expect(canaries.visits).toEqual(['127.0.0.1']);
      // A client that checks first and lets the connection ask again ends at the other one.
      const naive = rebinding();
      await naive.resolve('idp.example');
      await get(url, new Egress({ allow: [new URL(url).origin], resolve: naive.resolve }));
      expect(canaries.visits).toEqual(['127.0.0.1', '127.255.255.254']);
    });

    it('refuse a stored URL whose name has come to lead inside', async () => {
      const url = `https://idp.example/`;
      const moved = new Egress({ allow: [], resolve: answering([], ['127.0.0.1']).resolve });
      moved.check(url);
      expect(await get(url, moved)).toBeInstanceOf(EgressFailedError);
      expect(await get(url, moved)).toBeInstanceOf(EgressRefusedError);
      expect(canaries.visits).toEqual([]);
    });

    it.each([301, 302, 303, 307, 308])(
      'do not follow a %d to the inside, which a naive client does',
      async (status) => {
        const listed = new Egress({ allow: [origin] });
        expect(await get(`${origin}/${status}`, listed)).toMatchObject({ status });
        expect((await listed.fetch(`${origin}/${status}`)).status).toBe(status);
        expect(canaries.visits).toEqual([]);
        await fetch(`${origin}/${status}`);
        expect(canaries.visits).toEqual(['127.0.0.1']);
      },
    );
  });
});

const REFUSED = (url: string): unknown[] => [url, expect.stringContaining('STRONGROOM_EGRESS_ALLOW')];

function refusalOf(work: () => void): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
}
