import { setTimeout as sleep } from 'node:timers/promises';
import { type Canary, httpCanary, tcpCanary } from '../test/canary.js';
import { INSIDE_HOSTS } from '../test/inside-hosts.js';
import { Egress } from './egress.js';
import { EgressFailedError, EgressRefusedError } from './egress.errors.js';
import { EgressPolicy, type Target } from './egress-policy.js';
import { connectPinned } from './pinned-connection.js';

const refusal = async (work: () => Promise<unknown>): Promise<unknown> => work().catch((error: unknown) => error);

describe('Egress: whom it calls (P1)', () => {
  let canary: Canary;
  let canary6: Canary | undefined;
  const opened: { close(): Promise<void> }[] = [];
  const closedLater = async (listener: Promise<Canary>): Promise<Canary> => {
    opened.push(await listener);
    return listener;
  };
  const egress = (allow: string[] = [], more: Partial<ConstructorParameters<typeof Egress>[0]> = {}): Egress => {
    const made = new Egress({ allow, ...more });
    opened.push(made);
    return made;
  };
  const get = (through: Egress, url: string) => through.request({ method: 'GET', url, timeoutMs: 30_000 });

  beforeEach(async () => {
    canary = await httpCanary((_request, response) => response.end('hello'));
    canary6 = await httpCanary((_request, response) => response.end('hello'), '::1').catch(() => undefined);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await canary.close();
    await canary6?.close();
  });

  it.each(INSIDE_HOSTS)('refuses https and http to %s, when saved and when called', async (host) => {
    const plain = egress();
    for (const url of [
      `https://${host}`,
      `https://${host}/`,
      `http://${host}:${canary.port}/`,
      `https://${host}:${canary.port}/path?query`,
      `http://${host}:${canary6?.port ?? 80}/`,
    ]) {
      expect(() => plain.check(url)).toThrow(EgressRefusedError);
      expect(await refusal(() => get(plain, url))).toBeInstanceOf(EgressRefusedError);
    }
    expect(canary.visits + (canary6?.visits ?? 0)).toBe(0);
  });

  it.each([
    'ftp://idp.example/',
    'file:///etc/passwd',
    'gopher://idp.example/',
    'data:text/plain,hi',
    'javascript:alert(1)',
    'unix:/var/run/docker.sock',
    'ws://idp.example/',
    'http://idp.example/',
    'http://idp.example:443/',
    'http://8.8.8.8:443/',
    'https://user@idp.example/',
    'https://user:password@idp.example/',
    'https://:password@idp.example/',
    'https://idp.example:8443/',
    'https://idp.example:22/',
    'https://',
    'https:///',
    'https://./',
    '//idp.example',
    'idp.example',
    '',
    'https://exa mple/',
    'https://[::1',
  ])('refuses %j', async (url) => {
    const resolve = () => Promise.reject(new Error('nobody may ask for an address'));
    const plain = egress([], { resolve });
    expect(() => plain.check(url)).toThrow(EgressRefusedError);
    expect(await refusal(() => get(plain, url))).toBeInstanceOf(EgressRefusedError);
  });

  it('permits public https hosts and addresses when saved', () => {
    const plain = egress();
    for (const url of [
      'https://idp.example/token',
      'https://idp.example./',
      'https://8.8.8.8/',
      'https://[2606:4700::1]/',
    ])
      expect(() => plain.check(url)).not.toThrow();
  });

  it.each([
    '127.0.0.1',
    '127.1',
    '0x7f000001',
    '0x7f.1',
    '017700000001',
    '2130706433',
    '127.0.0.1.',
    '①②⑦.⓪.⓪.①',
    '%31%32%37.0.0.1',
  ])('reaches the listener at %s once the operator has listed it', async (host) => {
    const url = `http://${host}:${canary.port}/`;
    const answer = await get(egress([canary.origin]), url);
    expect(answer.body.toString()).toBe('hello');
    expect((await get(egress(['http://127.0.0.1:*']), url)).status).toBe(200);
    expect(canary.visits).toBe(2);
  });

  it('reaches a listed name, with and without a dot at its end', async () => {
    const listed = egress([`http://localhost:${canary.port}`, 'http://idp.internal.:*'], {
      resolve: () => Promise.resolve(['127.0.0.1']),
    });
    for (const host of ['localhost', 'LOCALHOST.', 'idp.internal'])
      expect((await get(listed, `http://${host}:${canary.port}/`)).status).toBe(200);
  });

  it('unlocks the listed origin and no other scheme, port or host', () => {
    const listed = egress(['http://127.0.0.1:9090', 'https://idp.corp.example']);
    for (const url of [
      'https://127.0.0.1:9090/',
      'http://127.0.0.1:9091/',
      'http://127.0.0.1/',
      'http://127.0.0.2:9090/',
      'http://localhost:9090/',
      'http://idp.corp.example/',
      'https://idp.corp.example:8443/',
      'https://10.0.0.1/',
    ])
      expect(() => listed.check(url)).toThrow(EgressRefusedError);
    expect(() => listed.check('http://127.0.0.1:9090/token')).not.toThrow();
    expect(() => listed.check('https://idp.corp.example/token')).not.toThrow();
  });

  it.each(['http://169.254.169.254', 'http://[fd00:ec2::254]', 'http://[::ffff:169.254.169.254]'])(
    'never unlocks %s',
    async (origin) => {
      const listed = egress([origin, `${origin}:*`]);
      expect(() => listed.check(`${origin}/`)).toThrow('nothing unlocks');
      expect(await refusal(() => get(listed, `${origin}/latest/meta-data`))).toBeInstanceOf(EgressRefusedError);
    },
  );

  it('never unlocks a listed name whose address is that of the metadata service', async () => {
    for (const address of ['169.254.169.254', 'fd00:ec2::254', '64:ff9b::a9fe:a9fe']) {
      const listed = egress(['http://idp.corp.example'], { resolve: () => Promise.resolve([address]) });
      expect(await refusal(() => get(listed, 'http://idp.corp.example/'))).toBeInstanceOf(EgressRefusedError);
    }
  });

  it('CN-43: never calls our own listeners, by whatever name of this machine', async () => {
    const ownOrigins = [`http://localhost:${canary.port}`];
    const allow = [
      `http://localhost:${canary.port}`,
      'http://127.0.0.1:*',
      'http://0.0.0.0:*',
      'http://a.corp.example:*',
    ];
    const own = egress(allow, { ownOrigins, resolve: () => Promise.resolve(['127.0.0.1']) });
    for (const host of ['localhost', 'localhost.', '127.0.0.1', '127.1', '0.0.0.0', 'a.corp.example']) {
      const error = await refusal(() => get(own, `http://${host}:${canary.port}/`));
      expect(error).toBeInstanceOf(EgressRefusedError);
      expect((error as Error).message).toContain('nothing unlocks');
    }
    expect(canary.visits).toBe(0);
    const neighbour = await closedLater(httpCanary((_request, response) => response.end()));
    expect((await get(own, neighbour.origin)).status).toBe(200);
  });

  it('CN-43: never calls a store or another process of ours by an address behind its name, or a name for its address', async () => {
    const ownOrigins = [`http://tokensets:${canary.port}`, `http://127.255.255.254:${canary.port}`];
    const addresses: Record<string, string[]> = {
      tokensets: ['10.0.0.5', '127.0.0.1'],
      'alias.corp.example': ['127.0.0.1'],
      'other.corp.example': ['127.255.255.254'],
    };
    const own = egress(['http://127.0.0.1:*', 'http://alias.corp.example:*', 'http://other.corp.example:*'], {
      ownOrigins,
      resolve: (host) => Promise.resolve(addresses[host] ?? []),
    });
    for (const host of ['127.0.0.1', 'alias.corp.example', 'other.corp.example'])
      expect(await refusal(() => get(own, `http://${host}:${canary.port}/`))).toMatchObject({
        message: expect.stringContaining('nothing unlocks'),
      });
    expect(canary.visits).toBe(0);
    const neighbour = await closedLater(httpCanary((_request, response) => response.end()));
    expect(await get(own, `http://alias.corp.example:${neighbour.port}/`)).toMatchObject({ status: 200 });
  });

  it('calls a listed provider that shares an address and the usual port with our public name', async () => {
    const listed = egress(['https://idp.corp.example'], {
      ownOrigins: ['https://vault.corp.example'],
      resolve: () => Promise.resolve(['127.0.0.2']), // one proxy in front of both
    });
    expect(await refusal(() => get(listed, 'https://idp.corp.example/'))).toMatchObject({ reason: 'connect' });
    expect(await refusal(() => get(listed, 'https://vault.corp.example/'))).toBeInstanceOf(EgressRefusedError);
  });

  it('refuses a public origin of ours', () => {
    const own = egress([], { ownOrigins: ['https://vault.example'] });
    expect(() => own.check('https://vault.example:443/anything')).toThrow('nothing unlocks');
    expect(() => own.check('https://idp.example/')).not.toThrow();
  });

  it.each([
    ['loopback', ['127.0.0.1']],
    ['a private address', ['10.1.2.3']],
    ['the metadata service', ['169.254.169.254']],
    ['loopback in IPv6', ['::1']],
    ['a public and a private one', ['93.184.216.34', '127.0.0.1']],
    ['a public IPv4 and a private IPv6', ['93.184.216.34', 'fd12::1']],
    ['a private IPv4 and a public IPv6', ['10.0.0.1', '2606:4700:4700::1111']],
    ['a mapped one', ['::ffff:10.0.0.1']],
    ['no address at all', ['not-an-address']],
  ])('refuses a name that resolves to %s', async (_what, addresses) => {
    const plain = egress([], { resolve: () => Promise.resolve(addresses) });
    expect(await refusal(() => get(plain, 'https://idp.example/'))).toBeInstanceOf(EgressRefusedError);
  });

  it('asks for a name once per request, and connects to what it checked', async () => {
    const asked: string[] = [];
    // A rebinding server: what is checked first is fine, what a second question would get is another listener.
    const other = await closedLater(httpCanary((_request, response) => response.end('other')));
    const answers = [['127.0.0.1'], ['127.0.0.2']];
    const listed = egress([`http://idp.corp.example:${canary.port}`], {
      resolve: (host) => {
        asked.push(host);
        return Promise.resolve(answers.shift() ?? []);
      },
    });
    const answer = await get(listed, `http://idp.corp.example:${canary.port}/`);
    expect(answer.body.toString()).toBe('hello');
    expect(asked).toEqual(['idp.corp.example']);
    expect(other.visits).toBe(0);
  });

  it('checks at each use: a URL that was fine when it was saved is refused once its name points inside', async () => {
    const addresses: string[][] = [[], ['127.0.0.1']];
    const moved = egress([], { resolve: () => Promise.resolve(addresses.shift() ?? []) });
    moved.check('https://idp.example/');
    expect(await refusal(() => get(moved, 'https://idp.example/'))).toBeInstanceOf(EgressFailedError);
    expect(await refusal(() => get(moved, 'https://idp.example/'))).toBeInstanceOf(EgressRefusedError);
  });

  it('looks at the address of the connected socket once more, before a byte is sent', async () => {
    let received = 0;
    let gone = 0;
    const listener = await closedLater(
      tcpCanary((socket) => {
        socket.on('data', (chunk) => (received += chunk.length));
        socket.once('close', () => gone++);
      }),
    );
    class SeesAnotherAddress extends EgressPolicy {
      readonly seen: string[] = [];
      override admit(_: Target, addresses: readonly string[]): void {
        this.seen.push(...addresses);
        if (this.seen.length > 1) throw new EgressRefusedError('it is another one');
      }
    }
    for (const isTls of [true, false]) {
      const policy = new SeesAnotherAddress([], []);
      const url = new URL(`${isTls ? 'https' : 'http'}://idp.example:${listener.port}`);
      const target = { url, host: 'idp.example', port: listener.port, isTls, isListed: true };
      const options = { policy, resolve: () => Promise.resolve(['127.0.0.1']), ca: [], connectMs: 30_000 };
      const error = await refusal(() => connectPinned(target, options, new AbortController().signal));
      expect(error).toBeInstanceOf(EgressRefusedError);
      expect(policy.seen).toEqual(['127.0.0.1', '127.0.0.1']);
    }
    while (gone < 2) await sleep(5);
    expect(received).toBe(0);
  });

  it('tries the next checked address when one does not answer', async () => {
    const listed = egress([`http://idp.corp.example:${canary.port}`], {
      resolve: () => Promise.resolve(['127.0.0.3', '127.0.0.1']),
    });
    expect((await get(listed, `http://idp.corp.example:${canary.port}/`)).status).toBe(200);
  });

  it('does not follow a redirect', async () => {
    const inner = await closedLater(httpCanary((_request, response) => response.end('secrets')));
    const outer = await closedLater(
      httpCanary((_request, response) =>
        response.writeHead(302, { location: `${inner.origin}/latest/meta-data` }).end('moved'),
      ),
    );
    const listed = egress([outer.origin, inner.origin]);
    const answer = await get(listed, outer.origin);
    expect(answer.status).toBe(302);
    expect(answer.headers['location']).toBe(`${inner.origin}/latest/meta-data`);
    expect(inner.visits).toBe(0);
  });

  it('names the setting in a refusal, and neither path, query nor user information of the URL', async () => {
    const error = await refusal(() => get(egress(), 'https://127.0.0.1/cnry_path?token=cnry_query#cnry_fragment'));
    expect((error as Error).message).toContain('STRONGROOM_EGRESS_ALLOW');
    expect((error as Error).message).toContain('https://127.0.0.1 ');
    const withUser = await refusal(() => get(egress(), 'https://cnry_user:cnry_password@127.0.0.1/'));
    for (const text of [error, withUser].map((each) => `${(each as Error).stack} ${JSON.stringify(each)}`))
      expect(text).not.toContain('cnry_');
  });

  it.each([
    'idp.example',
    'ftp://idp.example',
    'https://idp.example/path',
    'https://user@idp.example',
    'https://*.example',
    'https://idp.example:*:*',
  ])('refuses to start with %j in the list', (entry) => {
    expect(() => new Egress({ allow: [entry] })).toThrow('STRONGROOM_EGRESS_ALLOW');
  });
});
