import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Answer,
  type Client,
  createClient,
  createPerson,
  enable,
  Installation,
  type Json,
  Scene,
} from './driver/index.js';
import { ROOT } from './driver/child.js';

interface Operation {
  method: string;
  path: string;
  /** Any of these sets of scopes opens it. */
  ways: string[][];
}

const FILE = join(ROOT, 'docs/openapi.json');
const file = JSON.parse(readFileSync(FILE, 'utf8')) as {
  paths: Record<string, Record<string, { security: Record<string, string[]>[] }>>;
};
const operationsOf = (scheme: string): Operation[] =>
  Object.entries(file.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([, { security }]) => security.some((one) => scheme in one))
      .map(([method, { security }]) => ({
        method: method.toUpperCase(),
        path,
        ways: security.map((one) => one[scheme]!),
      })),
  );
const management = operationsOf('management');
const myAccount = operationsOf('myAccount');
const scopesOf = (operations: Operation[]) => [...new Set(operations.flatMap(({ ways }) => ways.flat()))].sort();
const named = ({ method, path }: Operation): string => `${method} ${path}`;

/** With the right scope these turn the keys of the whole installation, which other specs look at: theirs show it. */
const TURNS_KEYS = /\/(rekey|rotate)$/;
const ABSENT: Record<string, string> = { context: 'identity', userId: 'auth0|absent', id: 'absent' };

const filled = (path: string, values: Record<string, string> = {}): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ABSENT[name] ?? 'absent'));

/**
 * The largest sets of scopes that do not open it: one scope of every way is left out, in all ways of choosing them.
 * Whoever holds less, any single other scope say, is refused all the more: scopes are only looked for.
 */
function notEnough({ ways }: Operation, all: readonly string[]): string[][] {
  const choices = ways.reduce<string[][]>(
    (made, way) => made.flatMap((one) => way.map((scope) => [...one, scope])),
    [[]],
  );
  const sets = choices.map((left) => all.filter((scope) => !left.includes(scope)));
  return [...new Map(sets.map((set) => [set.join(' '), set])).values()];
}

/** Few at a time, so that the suite beside it is not held up. */
async function forEach<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
}

/** Every route that the OpenAPI file has, with every kind of token. */
describe('the routes of both APIs', () => {
  const installation = Installation.fromEnvironment();
  const tokens = new Map<string, Promise<string>>();
  let administrators: Client;
  let first: Scene;
  let second: Scene;

  beforeAll(async () => {
    administrators = await createClient(installation, {
      grant_types: ['client_credentials'],
      app_type: 'non_interactive',
    });
    await installation.manage('POST', '/client-grants', {
      client_id: administrators.id,
      audience: `${installation.url}/api/v2/`,
      scope: scopesOf(management),
    });
    const policies = [{ audience: installation.myAccountAudience, scope: scopesOf(myAccount) }];
    const refresh_token = { rotation_type: 'non-rotating', expiration_type: 'non-expiring', policies };
    first = await Scene.create(installation, { client: { refresh_token } });
    const client = await createClient(installation, { refresh_token });
    await enable(installation, first.connection.id, [client]);
    second = await Scene.of(installation, client, first.connection, await createPerson(installation));
    for (const { client } of [first, second]) {
      const [grant] = (await installation.management('GET', `/client-grants?client_id=${client.id}`)).list as [Json];
      await installation.manage('PATCH', `/client-grants/${String(grant['id'])}`, { scope: scopesOf(myAccount) });
    }
  });
  afterAll(() => installation.close());

  const asked = async (form: Record<string, string>): Promise<string> => {
    const answer = await installation.token(form);
    if (answer.status !== 200) throw new Error(`no token for ${form['scope']}: ${answer.text}`);
    return String(answer.json['access_token']);
  };
  const remembered = (key: string, make: () => Promise<string>): Promise<string> => {
    if (!tokens.has(key)) tokens.set(key, make());
    return tokens.get(key)!;
  };
  const managementToken = (scopes: readonly string[]) =>
    remembered(`management ${scopes.join(' ')}`, () =>
      asked({
        grant_type: 'client_credentials',
        audience: `${installation.url}/api/v2/`,
        client_id: administrators.id,
        client_secret: administrators.secret,
        scope: scopes.join(' '),
      }),
    );
  const myAccountToken = (scene: Scene, scopes: readonly string[]) =>
    remembered(`${scene.person.userId} ${scopes.join(' ')}`, () =>
      asked({
        grant_type: 'refresh_token',
        refresh_token: scene.tokens.refreshToken,
        audience: installation.myAccountAudience,
        client_id: scene.client.id,
        client_secret: scene.client.secret,
        scope: scopes.join(' '),
      }),
    );
  const call = ({ method, path }: Operation, token: string | null, values?: Record<string, string>): Promise<Answer> =>
    installation.http.sendJson(
      method,
      `${installation.url}${filled(path, values)}`,
      ['POST', 'PATCH', 'PUT'].includes(method) ? {} : undefined,
      token === null ? {} : { authorization: `Bearer ${token}` },
    );

  /** As if it had ended an hour ago. */
  const altered = (token: string): string => {
    const [head, body, signature] = token.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Json;
    const ended = { ...claims, exp: Number(claims['iat']) - 3600 };
    return [head, Buffer.from(JSON.stringify(ended)).toString('base64url'), signature].join('.');
  };

  it('MG-33 serves the file itself to anybody, as it stands in docs', async () => {
    const served = await installation.http.send(`${installation.url}/api/v2/openapi.json`);
    expect([served.status, served.headers['content-type']]).toEqual([200, 'application/json']);
    expect(served.text).toBe(readFileSync(FILE, 'utf8'));
    expect([management.length, myAccount.length]).toEqual([expect.any(Number), expect.any(Number)]);
    expect(Math.min(management.length, myAccount.length)).toBeGreaterThan(5);
  });

  describe.each([
    ['Management', management],
    ['My Account', myAccount],
  ] as const)('of the %s API', (api, operations) => {
    const isManagement = api === 'Management';
    const all = scopesOf(operations);
    const tokenWith = (scopes: readonly string[]) =>
      isManagement ? managementToken(scopes) : myAccountToken(first, scopes);

    it('M1 W2 refuse no token, garbage, an altered one and one of the other API', async () => {
      const own = await tokenWith(all);
      const other = await (isManagement
        ? myAccountToken(first, scopesOf(myAccount))
        : managementToken(scopesOf(management)));
      const wrong: string[] = [];
      await forEach(operations, async (operation) => {
        for (const [kind, token] of [
          ['none', null],
          ['garbage', 'cnry_at_garbage'],
          ['altered', altered(own)],
          ['other API', other],
          ['ID token', first.tokens.idToken],
        ] as const) {
          const { status, json } = await call(operation, token);
          const said = isManagement
            ? {
                statusCode: 401,
                error: 'Unauthorized',
                message: kind === 'none' ? 'Missing authentication' : 'Invalid token',
              }
            : { type: 'https://auth0.com/api-errors/A0E-401-0003', title: 'Invalid Token', status: 401 };
          if (status !== 401 || !contains(json, said)) wrong.push(`${named(operation)} ${kind}: ${status}`);
        }
      });
      expect(wrong).toEqual([]);
    });

    it('MG-09 MG-29 M1 refuse whoever holds every scope but those, in the words of the contract', async () => {
      const wrong: string[] = [];
      await forEach(operations, async (operation) => {
        for (const held of notEnough(operation, all)) {
          const { status, json } = await call(operation, await tokenWith(held));
          const said = isManagement
            ? { statusCode: 403, error: 'Forbidden', errorCode: 'insufficient_scope' }
            : { type: 'https://auth0.com/api-errors/A0E-403-0002', title: 'Insufficient Scope', status: 403 };
          const text = String(json[isManagement ? 'message' : 'detail']);
          const names = operation.ways.flat().some((scope) => !held.includes(scope) && text.includes(scope));
          const begins = text.startsWith('Insufficient scope, expected any of: ');
          if (status !== 403 || !contains(json, said) || !names || !begins)
            wrong.push(`${named(operation)} without ${operation.ways.flat().join(', ')}: ${status} ${text}`);
        }
      });
      expect(wrong).toEqual([]);
    });

    it('MG-29 open with just the scopes of one way, and answer of absent things that they are absent', async () => {
      const wrong: string[] = [];
      await forEach(operations, async (operation) => {
        if (TURNS_KEYS.test(operation.path)) return;
        if (operation.path === '/me/v1/sessions' && operation.method === 'DELETE') return; // all its sessions but this one
        for (const way of operation.ways) {
          const { status, text } = await call(operation, await tokenWith(way));
          if ([401, 403].includes(status) || status >= 500)
            wrong.push(`${named(operation)} with ${way.join(' ')}: ${status} ${text}`);
        }
      });
      expect(wrong).toEqual([]);
    });
  });

  describe('of two people at two applications', () => {
    const things = async (scene: Scene) => {
      const token = await myAccountToken(scene, scopesOf(myAccount));
      const list = async (path: string, member: string) => {
        const answer = await installation.http.send(`${installation.url}/me/v1${path}`, {
          headers: { authorization: `Bearer ${token}` },
        });
        return (answer.json[member] as Json[]).map(({ id }) => String(id));
      };
      const user = encodeURIComponent(scene.person.userId);
      const managed = async (path: string, member: string | null = null) => {
        const answer = await installation.management('GET', path);
        const found = member === null ? answer.list : (answer.json[member] as Json[]);
        return String(found[0]?.['id']);
      };
      return {
        token,
        accounts: await list('/connected-accounts/accounts', 'accounts'),
        sessions: await list('/sessions', 'sessions'),
        tokenset: await managed(`/users/${user}/federated-connections-tokensets`),
        account: await managed(`/users/${user}/connected-accounts`, 'connected_accounts'),
      };
    };
    type Things = Awaited<ReturnType<typeof things>>;
    let of: { first: Things; second: Things };

    beforeAll(async () => {
      await first.connect('person-1');
      await second.connect('person-2');
      of = { first: await things(first), second: await things(second) };
    });

    it('D4 lists nothing of the other one', () => {
      for (const member of ['accounts', 'sessions'] as const) {
        expect(of.first[member]).not.toHaveLength(0);
        expect(of.first[member].filter((id) => of.second[member].includes(id))).toEqual([]);
      }
    });

    it("D4 answers the other one's ids as it answers absent ones, and leaves what they name alone", async () => {
      const withId = myAccount.filter(({ path }) => path.includes('{'));
      const idOf = ({ path }: Operation, { accounts, sessions }: Things) =>
        path.startsWith('/me/v1/connected-accounts/')
          ? accounts[0]!
          : path.startsWith('/me/v1/sessions/')
            ? sessions[0]!
            : null;
      for (const operation of withId) {
        const theirs = idOf(operation, of.first);
        if (theirs === null) throw new Error(`say here what ${named(operation)} takes`);
        const absent = await call(operation, of.second.token, { id: theirs.replace(/.{6}$/, 'absent') });
        const answer = await call(operation, of.second.token, { id: theirs });
        expect([named(operation), answer.status, answer.text]).toEqual([named(operation), absent.status, absent.text]);
      }
      expect(await things(first)).toEqual(of.first);
    });

    it("D4 finds nothing of one person under the other one's id, for administrators too", async () => {
      const userId = first.person.userId;
      const under = management.filter(({ path }) => /^\/api\/v2\/(users|clients)\/\{\w+\}\/.*\{/.test(path));
      for (const operation of under) {
        const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!) as [string, string];
        const owner = operation.path.startsWith('/api/v2/users/') ? userId : first.client.id;
        const theirs = operation.path.includes('tokenset_id')
          ? of.second.tokenset
          : operation.path.includes('connected-accounts')
            ? of.second.account
            : null;
        // Credentials of clients: nobody here has one, and an absent one is all there is to ask for.
        if (theirs === null) continue;
        const values = { [names[0]]: owner, [names[1]]: theirs };
        const absent = { [names[0]]: owner, [names[1]]: theirs.replace(/.{6}$/, 'absent') };
        const token = await managementToken(scopesOf(management));
        const [answer, none] = [await call(operation, token, values), await call(operation, token, absent)];
        expect([named(operation), answer.status, answer.text]).toEqual([named(operation), 404, none.text]);
      }
      expect(await things(second)).toEqual(of.second);
    });
  });
});

const contains = (json: Json, members: Json): boolean =>
  Object.entries(members).every(([name, value]) => json[name] === value);
