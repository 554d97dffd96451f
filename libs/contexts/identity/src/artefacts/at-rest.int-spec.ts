import { type AuthorizationApp, startIdentity } from '../../test/authorization-app.js';
import { ProofKey } from '../../test/proofs.js';
import { ArtefactSweeper } from './artefact-sweeper.js';

describe('artefacts at rest', () => {
  let identity: AuthorizationApp;
  const email = 'someone@example.com';
  const rotating = {
    refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 30, token_lifetime: 3600 },
  };

  beforeAll(async () => {
    identity = await startIdentity();
    await identity.person(email);
  });
  afterAll(() => identity?.stop());

  /** Every row of every table, as text; bytes also as what they would be as text. */
  const dump = async (): Promise<string> => {
    const tables = await identity.database.query<{ name: string }[]>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
    );
    let all = '';
    for (const { name } of tables)
      for (const { row } of await identity.database.query<{ row: string }[]>(`select t::text as row from ${name} t`))
        all += `${row}\n`;
    const bytes = [...all.matchAll(/\\x([0-9a-f]{2,})/g)].map(([, hex]) => Buffer.from(hex!, 'hex').toString('latin1'));
    return all + bytes.join('\n');
  };

  it('ID-14 a dump holds no token and no cookie, whatever was going on', async () => {
    const client = await identity.client(rotating);
    await identity.api('things');
    const browser = identity.browser();
    const forThings = { audience: 'things', scope: 'openid offline_access read:things' };
    const signed = await identity.authorize(browser, email, client, forThings);
    const url = `${identity.origin}/oauth/token`;
    const key = await ProofKey.create();
    const dpop = await key.proof({ url });
    const first = await identity.redeem(client, signed, { dpop });
    const next = await identity.refresh(
      client,
      first.body['refresh_token'] as string,
      {},
      { dpop: await key.proof({ url }) },
    );
    const opaque = await identity.tokens(email, client, { scope: 'openid offline_access' });
    const unused = await identity.authorize(browser, email, client);
    const open = identity.browser();
    const waiting = await open.open(
      `/authorize?response_type=code&client_id=${client.client_id}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&scope=openid&code_challenge=${'x'.repeat(43)}&code_challenge_method=S256`,
    );
    expect(waiting.path).toMatch(/^\/u\/login\//);
    const cookies = [...browser.received, ...open.received].map(
      (line) => line.slice(line.indexOf('=') + 1).split(';')[0]!,
    );
    const secrets = [
      ...[signed, unused].flatMap(({ params, verifier }) => [params.get('code')!, verifier]),
      ...[first.as<typeof opaque>(), next.as<typeof opaque>(), opaque].flatMap((tokens) => [
        tokens.access_token,
        tokens.refresh_token,
        tokens.id_token,
      ]),
      ...cookies.filter((value) => value.length > 10),
      waiting.path.slice('/u/login/'.length),
      client.client_secret,
      dpop,
    ];
    expect(new Set(secrets).size).toBeGreaterThan(15);
    const dumped = await dump();
    expect(dumped).toContain(email);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(10);
      for (const form of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')])
        expect(dumped.includes(form) ? secret.slice(0, 6) : 'absent').toBe('absent');
    }
  });

  it('ID-15 the sweeper under load takes what has ended and nothing that lives', async () => {
    const client = await identity.client({ ...rotating, refresh_token: { ...rotating.refresh_token, leeway: 0 } });
    const sweeper = identity.app.get(ArtefactSweeper, { strict: false });
    await identity.database.query(
      `insert into artefacts (kind, id_hash, expires_at, payload)
       select 'AccessToken', sha256(('cnry_' || n)::bytea), clock_timestamp() - interval '1 second', '{}'
       from generate_series(1, 3500) n`,
    );
    const past = `clock_timestamp() - interval '1 second'`;
    let isOver = false;
    const sweeping = (async () => {
      let swept = 0;
      while (!isOver) {
        const both = await Promise.all([sweeper.sweep(), sweeper.sweep()]); // as two processes do
        swept += both[0] + both[1];
      }
      return swept;
    })();
    const holders = await Promise.all(
      Array.from({ length: 6 }, async () => {
        let { refresh_token: token } = await identity.tokens(email, client);
        const trap = token;
        for (let use = 0; use < 5; use++) {
          const { status, body } = await identity.refresh(client, token);
          expect(status).toBe(200);
          token = body['refresh_token'] as string;
        }
        return { token, trap };
      }),
    );
    await identity.database.query(
      `update artefacts set expires_at = ${past} where client_id = $1 and consumed_at is not null`,
      [client.client_id],
    );
    await sweeper.sweep();
    isOver = true;
    expect(await sweeping).toBeGreaterThanOrEqual(3500);
    const [{ count }] = await identity.database.query<[{ count: number }]>(
      `select count(*)::int as count from artefacts where expires_at < clock_timestamp() and kind = 'AccessToken'`,
    );
    expect(count).toBe(0);
    for (const { token, trap } of holders) {
      const { status, body } = await identity.refresh(client, token);
      expect(status).toBe(200);
      // The first of each family is still there to tell a thief by.
      expect((await identity.refresh(client, trap)).status).toBe(403);
      expect((await identity.refresh(client, body['refresh_token'] as string)).status).toBe(403);
    }
  });
});
