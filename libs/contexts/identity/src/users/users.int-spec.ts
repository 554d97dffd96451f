import { startOwnRegistry, type RegistryApp } from '../../test/registry-app.js';
import { LongReads } from './long-reads.js';
import { Passwords } from './passwords.js';

const CONNECTION = 'Username-Password-Authentication';

describe('people over the Management API', () => {
  let registry: RegistryApp;
  let count = 0;

  beforeAll(async () => void (registry = await startOwnRegistry()));
  afterAll(() => registry?.stop());

  const person = async (more: Record<string, unknown> = {}) => {
    const email = `person${++count}@example.com`;
    const { status, body } = await registry.call('POST', '/users', { connection: CONNECTION, email, ...more });
    expect(status).toBe(201);
    return body as Record<string, unknown> & { user_id: string; email: string };
  };
  const at = ({ user_id }: { user_id: string }) => `/users/${encodeURIComponent(user_id)}`;
  const rowOf = async ({ user_id }: { user_id: string }) => {
    const rows = await registry.database.query<Record<string, string>[]>('SELECT * FROM users WHERE user_id = $1', [
      user_id,
    ]);
    return rows[0]!;
  };
  const giveSession = async (user: { user_id: string }, kind = 'Session', clientId: string | null = null) =>
    registry.database.query(
      `INSERT INTO artefacts (kind, id_hash, person_id, client_id, expires_at, payload)
       VALUES ($1, decode(md5(random()::text), 'hex'), $2, $3, now() + interval '1 hour', '{}')`,
      [kind, (await rowOf(user))['person_id'], clientId],
    );
  const artefactsOf = async (user: { user_id: string }) => {
    const rows = await registry.database.query<{ kind: string; client_id: string | null }[]>(
      'SELECT kind, client_id FROM artefacts WHERE person_id = $1 ORDER BY kind',
      [(await rowOf(user))['person_id']],
    );
    return rows.map(({ kind, client_id }) => `${kind} ${client_id ?? '-'}`);
  };

  it('MG-16 answers every member as it was given, and the password never', async () => {
    const given = {
      email: 'every@example.com',
      email_verified: true,
      username: 'Every',
      phone_number: '+431234567',
      phone_verified: true,
      name: 'Every Member',
      nickname: 'every',
      given_name: 'Every',
      family_name: 'Member',
      picture: 'https://pictures.example.com/every.png',
      blocked: false,
      user_metadata: { colour: 'blue', nested: { kept: true } },
      app_metadata: { plan: 'small' },
    };
    const { status, body, text } = await registry.call('POST', '/users', {
      ...given,
      ...{ connection: CONNECTION, user_id: 'every-1', password: 'cnry_password_of_every', verify_email: true },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...given, user_id: 'auth0|every-1', logins_count: 0 });
    expect(body['identities']).toEqual([
      { connection: CONNECTION, user_id: 'every-1', provider: 'auth0', isSocial: false },
    ]);
    expect(text).not.toContain('password');
    const again = await registry.call('GET', '/users/auth0%7Cevery-1');
    expect(again.body).toEqual({ ...body, connected_accounts: [] });
    expect(again.text).not.toMatch(/person_id|argon2|cnry_/);
    const { password_hash } = await rowOf({ user_id: 'auth0|every-1' });
    expect(await new Passwords().verify(password_hash!, 'cnry_password_of_every')).toBe(true);
  });

  it('MG-16 merges the first level of metadata, and null removes a member', async () => {
    const user = await person({ user_metadata: { a: 1, b: { x: 1 }, c: 3 }, app_metadata: { plan: 'small' } });
    const { status, body } = await registry.call('PATCH', at(user), { user_metadata: { b: { y: 2 }, c: null, d: 4 } });
    expect(status).toBe(200);
    expect(body['user_metadata']).toEqual({ a: 1, b: { y: 2 }, d: 4 });
    expect(body['app_metadata']).toEqual({ plan: 'small' });
  });

  it('MG-17 names every unknown member at the top level, and keeps unknown metadata', async () => {
    const { status, body } = await registry.call('POST', '/users', {
      ...{ connection: CONNECTION, email: 'unknown@example.com', favourite: 1, shoe_size: 2 },
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({ statusCode: 400, error: 'Bad Request', errorCode: 'invalid_body' });
    expect(body['message']).toMatch(/favourite.*shoe_size/);
  });

  it('MG-17 ignores a read-only member sent back and refuses another value', async () => {
    const user = await person({ name: 'Before' });
    const read = await registry.call('GET', at(user));
    const written = await registry.call('PATCH', at(user), { ...read.body, name: 'After' });
    expect(written.status).toBe(200);
    expect(written.body['name']).toBe('After');
    const refused = await registry.call('PATCH', at(user), { logins_count: 7, user_id: 'auth0|other' });
    expect(refused.status).toBe(400);
    expect(refused.body['message']).toMatch(/logins_count.*user_id|user_id.*logins_count/);
  });

  it('refuses metadata over 32 KiB, whether sent at once or merged together', async () => {
    const half = 'x'.repeat(20 * 1024);
    const user = await person({ user_metadata: { one: half } });
    expect((await registry.call('PATCH', at(user), { user_metadata: { two: half } })).status).toBe(400);
    expect((await registry.call('PATCH', at(user), { app_metadata: { two: half + half } })).status).toBe(400);
  });

  it('takes no user name that begins or ends with white space, which sign-in does not look at', async () => {
    for (const username of [' Spaced', 'Spaced\u00a0', '\t'])
      expect((await registry.call('POST', '/users', { connection: CONNECTION, username })).status).toBe(400);
  });

  it('answers 409 user_exists for the same e-mail, user name or id, without case', async () => {
    const user = await person({ username: 'Taken', user_id: 'taken' });
    for (const same of [
      { email: user.email.toUpperCase() },
      { username: 'tAKEN' },
      { email: 'x@example.com', user_id: 'taken' },
    ]) {
      const { status, body } = await registry.call('POST', '/users', { connection: CONNECTION, ...same });
      expect([status, body['errorCode']]).toEqual([409, 'user_exists']);
    }
    const other = await person();
    expect((await registry.call('PATCH', at(other), { email: user.email })).status).toBe(409);
  });

  it('lets one of many racing creations of the same e-mail win', async () => {
    const body = { connection: CONNECTION, email: 'race@example.com' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => registry.call('POST', '/users', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
  });

  it.each(['u1', 'a/b', 'a%2Fb', '100%', 'ü1', '名前', '.', '..', 'a+b', 'a?b#c'])(
    'MG-04 decodes the id of %s in the path, and does so once',
    async (id) => {
      const { user_id } = await person({ user_id: id });
      expect(user_id).toBe(`auth0|${id}`);
      const found = await registry.call('GET', `/users/${encodeURIComponent(user_id)}`);
      expect([found.status, found.body['user_id']]).toEqual([200, user_id]);
      const twice = await registry.call('GET', `/users/${encodeURIComponent(encodeURIComponent(user_id))}`);
      expect([twice.status, twice.body['errorCode']]).toEqual([404, 'inexistent_user']);
    },
  );

  it('MG-08 answers lists as array, with totals and in checkpoints', async () => {
    await Promise.all([person(), person(), person()]);
    const plain = await registry.call('GET', '/users');
    expect(Array.isArray(plain.body)).toBe(true);
    const all = plain.as<{ user_id: string }[]>().map(({ user_id }) => user_id);
    const totals = await registry.call('GET', '/users?include_totals=true&page=1&per_page=2');
    expect(totals.body).toMatchObject({ start: 2, limit: 2, total: all.length });
    expect((totals.body['users'] as { user_id: string }[]).map(({ user_id }) => user_id)).toEqual(all.slice(2, 4));
    const seen: string[] = [];
    let next: string | undefined;
    do {
      const from: string = next === undefined ? '' : `&from=${encodeURIComponent(next)}`;
      const { body } = await registry.call('GET', `/users?include_totals=true&take=2${from}`);
      expect(Object.keys(body).filter((key) => key !== 'next')).toEqual(['users']);
      seen.push(...(body['users'] as { user_id: string }[]).map(({ user_id }) => user_id));
      next = body['next'] as string | undefined;
    } while (next !== undefined);
    expect(seen).toEqual(all);
  });

  it('MG-09 answers 403 in the shape of the API when the scope is missing', async () => {
    const { status, body } = await registry.call('GET', '/users', undefined, ['read:clients']);
    expect(status).toBe(403);
    expect(body).toEqual({
      ...{ statusCode: 403, error: 'Forbidden', errorCode: 'insufficient_scope' },
      message: 'Insufficient scope, expected any of: read:users',
    });
  });

  it('finds people by e-mail without case, and answers an empty array for nobody', async () => {
    const user = await person();
    const { body } = await registry.call(
      'GET',
      `/users-by-email?email=${encodeURIComponent(user.email.toUpperCase())}`,
    );
    expect(body).toMatchObject([{ user_id: user.user_id }]);
    expect((await registry.call('GET', '/users-by-email?email=nobody%40example.com')).body).toEqual([]);
  });

  it('finds people by a part of what they are called, without case, and by members, on every page', async () => {
    const [one, two] = [await person({ name: 'Zoë 100%_Quill' }), await person({ nickname: 'quillon', blocked: true })];
    const found = async (q: string, more = '') => {
      const { body } = await registry.call('GET', `/users?q=${encodeURIComponent(q)}&search_engine=v3${more}`);
      return Object.values(body) as { user_id: string }[];
    };
    const ids = async (q: string) => (await found(q)).map(({ user_id }) => user_id);
    expect((await ids('*QUILL*')).sort()).toEqual([one.user_id, two.user_id].sort());
    expect(await ids('*quill* AND blocked:true')).toEqual([two.user_id]);
    expect(await ids('name:"zoë 100%_quill"')).toEqual([one.user_id]);
    expect(await ids(`user_id:"${two.user_id}"`)).toEqual([two.user_id]);
    for (const nobody of ['name:zo', 'name:*__0*', '"*quill*"', `${one.user_id} blocked:true`])
      expect([nobody, await ids(nobody)]).toEqual([nobody, []]);
    const page = (await registry.call('GET', '/users?q=*quill*&take=1')).body as { users: unknown[]; next: string };
    const rest = await registry.call('GET', `/users?q=*quill*&take=1&from=${encodeURIComponent(page.next)}`);
    expect([...page.users, ...(rest.body['users'] as unknown[])]).toHaveLength(2);
    expect(rest.body['next']).toBeUndefined();
    expect((await registry.call('GET', '/users?q=*quill*&include_totals=true')).body).toMatchObject({ total: 2 });
    for (const refused of ['q=password_hash%3Ax', 'q=a%20OR%20b', 'q=', 'search_engine=v2'])
      expect([refused, (await registry.call('GET', `/users?${refused}`)).status]).toEqual([refused, 400]);
  });

  it('searches twice at once, and none for ever: who signs in needs connections too', async () => {
    const lock = registry.database.createQueryRunner();
    await lock.startTransaction();
    await lock.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const searches = [1, 2, 3].map(() => registry.call('GET', '/users?q=*quill*'));
    const [refused] = [await Promise.race(searches), await lock.rollbackTransaction(), await lock.release()];
    expect([refused.status, refused.body['message']]).toEqual([503, expect.stringContaining('Other searches')]);
    const statuses = (await Promise.all(searches)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 200, 503]);
    expect((await registry.call('GET', '/users?q=*quill*')).status).toBe(200);

    const forEver = new LongReads(registry.database).run((tx) => tx.query('SELECT pg_sleep(60)'), 10);
    await expect(forEver).rejects.toMatchObject({ driverError: { code: '57014' } });
  });

  it('MG-16 takes an e-mail, a user name or a number away by null, but never the last of them', async () => {
    const user = await person({ username: 'keeps-this', phone_number: '+491701234567', email_verified: true });
    const change = (body: object) => registry.call('PATCH', at(user), body);
    expect(await change({ email: null, phone_number: null, name: null })).toMatchObject({ status: 200 });
    const { body } = await registry.call('GET', at(user));
    expect([body['email'], body['phone_number'], body['email_verified'], body['username']]).toEqual([
      ...[undefined, undefined, false, 'keeps-this'],
    ]);
    expect((await change({ username: null })).status).toBe(400);
    expect((await change({ username: null, email: user.email })).body).toMatchObject({ email: user.email });
    expect((await change({ password: null })).status).toBe(400);
  });

  it('answers 404 inexistent_user, and 204 to deleting nobody', async () => {
    const nobody = { user_id: 'auth0|nobody' };
    for (const answer of [
      await registry.call('GET', at(nobody)),
      await registry.call('PATCH', at(nobody), { name: 'x' }),
    ])
      expect([answer.status, answer.body['errorCode']]).toEqual([404, 'inexistent_user']);
    expect((await registry.call('DELETE', at(nobody))).status).toBe(204);
  });

  it('ends everything a person was given when they are blocked, and says so', async () => {
    const user = await person();
    await giveSession(user);
    await giveSession(user, 'RefreshToken', 'some-client');
    expect((await registry.call('PATCH', at(user), { blocked: true })).body['blocked']).toBe(true);
    expect(await artefactsOf(user)).toEqual(['RefreshToken some-client']); // dead without its grant; it names its client
    const events = await registry.eventsOf((await rowOf(user))['person_id']!);
    expect(events.map(({ type, sequence }) => [type, sequence])).toEqual([
      ['strongroom.user.created.v1', 1],
      ['strongroom.user.updated.v1', 2],
    ]);
    expect(events[1]!.data).toMatchObject({ status: 'blocked', changed: ['blocked'], actor: { kind: 'client' } });
  });

  it('MG-12 deletes a person with everything, says it last, and gives the name free', async () => {
    const user = await person({ user_id: 'again' });
    await giveSession(user);
    const personId = (await rowOf(user))['person_id']!;
    expect((await registry.call('DELETE', at(user))).status).toBe(204);
    expect((await registry.call('GET', at(user))).status).toBe(404);
    const [{ left }] = await registry.database.query<[{ left: number }]>(
      'SELECT count(*)::int AS left FROM artefacts WHERE person_id = $1',
      [personId],
    );
    expect(left).toBe(0);
    expect((await registry.eventsOf(personId)).at(-1)).toMatchObject({
      ...{ type: 'strongroom.user.deleted.v1', sequence: 2 },
      data: { personId, userId: 'auth0|again', status: 'deleted' },
    });
    const successor = await person({ user_id: 'again' });
    expect((await rowOf(successor))['person_id']).not.toBe(personId);
  });

  it('says nothing and writes nothing when nothing changed', async () => {
    const user = await person({ name: 'Same' });
    await registry.call('PATCH', at(user), { name: 'Same' });
    expect(await registry.eventsOf((await rowOf(user))['person_id']!)).toHaveLength(1);
  });

  it('has no second factors to show or to reset yet, and says so in the shape of a list', async () => {
    const user = await person();
    const methods = `${at(user)}/authentication-methods`;
    expect((await registry.call('GET', methods)).body).toEqual([]);
    expect((await registry.call('GET', `${methods}?page=0&per_page=50&include_totals=true`)).body).toEqual({
      ...{ authenticators: [], start: 0, limit: 50, total: 0 },
    });
    expect((await registry.call('DELETE', methods)).status).toBe(204);
    const nobody = `${at({ user_id: 'auth0|nobody' })}/authentication-methods`;
    expect((await registry.call('GET', nobody)).body['errorCode']).toBe('inexistent_user');
    expect((await registry.call('DELETE', nobody)).status).toBe(204);
    for (const method of ['GET', 'DELETE'])
      expect((await registry.call(method, methods, undefined, ['read:users', 'update:users'])).status).toBe(403);
  });

  describe('administrators', () => {
    const admin = () => ({ user_id: adminId });
    let adminId: string;
    beforeAll(async () => {
      const found = await registry.call('GET', '/users-by-email?email=admin%40example.com');
      adminId = found.as<{ user_id: string }[]>()[0]!.user_id;
    });

    it('MG-32 need every Management scope to be made or touched', async () => {
      const some = ['update:users', 'create:users'];
      const user = await person();
      const refused = [
        await registry.call('PATCH', at(user), { administrator: true }, some),
        await registry.call(
          'POST',
          '/users',
          { connection: CONNECTION, email: 'a@example.com', administrator: true },
          some,
        ),
        await registry.call('PATCH', at(admin()), { password: 'cnry_taken_over' }, some),
        await registry.call('PATCH', at(admin()), { email: 'mine@example.com' }, some),
        await registry.call('PATCH', at(admin()), { administrator: false }, some),
        await registry.call('DELETE', `${at(admin())}/authentication-methods`, undefined, [
          'delete:authentication_methods',
        ]),
      ];
      expect(refused.map(({ status }) => status)).toEqual(Array(6).fill(403));
      expect((await registry.call('PATCH', at(admin()), { nickname: 'chief' }, some)).status).toBe(200);
      expect((await registry.call('PATCH', at(user), { password: 'cnry_ordinary' }, some)).status).toBe(200);
    });

    it.each([
      ['demoted', (one: { user_id: string }) => registry.call('PATCH', at(one), { administrator: false })],
      ['blocked', (one: { user_id: string }) => registry.call('PATCH', at(one), { blocked: true })],
      ['deleted', (one: { user_id: string }) => registry.call('DELETE', at(one))],
    ])('MG-32 keep a last one when the last two are %s at the same time', async (_way, go) => {
      const two = [await person({ administrator: true }), await person({ administrator: true })];
      const others = (administrator: boolean) =>
        registry.database.query('UPDATE users SET administrator = $1 WHERE user_id = $2', [administrator, adminId]);
      await others(false);
      const statuses = (await Promise.all(two.map(go))).map(({ status }) => status);
      await others(true);
      for (const one of two) await registry.call('DELETE', at(one));
      expect(statuses.filter((status) => status === 409)).toHaveLength(1);
    });

    it('MG-32 keep a last one, also under racing demotions', async () => {
      for (const last of [
        await registry.call('PATCH', at(admin()), { administrator: false }),
        await registry.call('PATCH', at(admin()), { blocked: true }),
        await registry.call('DELETE', at(admin())),
      ])
        expect([last.status, last.body['errorCode']]).toEqual([409, 'last_administrator']);
      const second = await person({ administrator: true });
      const racing = await Promise.all(
        [admin(), second].map((one) => registry.call('PATCH', at(one), { administrator: false })),
      );
      expect(racing.map(({ status }) => status).sort()).toEqual([200, 409]);
      const [{ left }] = await registry.database.query<[{ left: number }]>(
        'SELECT count(*)::int AS left FROM users WHERE administrator',
      );
      expect(left).toBe(1);
      await registry.call('PATCH', at(admin()), { administrator: true });
      await registry.call('PATCH', at(second), { administrator: false });
    });

    it('lose their sessions and what the dashboard holds when they are demoted, and nothing else', async () => {
      const second = await person({ administrator: true });
      await giveSession(second);
      await giveSession(second, 'RefreshToken', 'strongroom-dashboard');
      await giveSession(second, 'RefreshToken', 'other');
      await registry.call('PATCH', at(second), { administrator: false });
      expect(await artefactsOf(second)).toEqual(['RefreshToken other']);
      expect((await registry.call('GET', at(second))).body).not.toHaveProperty('administrator');
    });
  });
});
