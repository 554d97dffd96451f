import { randomUUID } from 'node:crypto';
import { connectionUpdated, tokensetRevoked } from '@strongroom/contracts';
import type { OutboxEntry } from '@strongroom/messaging';
import { type AuditApp, startAudit } from '../test/audit-app.js';
import { failed, PERSON, succeeded } from '../test/exchanges.js';

const connectionChanged = (sequence: number, kind: 'system' | 'client'): OutboxEntry => ({
  contract: connectionUpdated,
  id: 'con_google',
  sequence,
  data: {
    connectionId: 'con_google',
    name: 'google-oauth2',
    strategy: 'oauth2',
    vaultActive: true,
    loginActive: false,
    enabledClientCount: 1,
    tokenOrigin: null,
    changed: ['options'],
    actor: kind === 'client' ? { kind, id: 'app1' } : { kind },
  },
});

describe('audit', () => {
  let app: AuditApp;

  beforeAll(async () => {
    app = await startAudit();
  });
  afterAll(() => app?.stop());

  it('E21 takes everything that is said, once, numbered without gaps and in order per key', async () => {
    const count = 2500;
    for (let i = 0; i < 5; i++)
      await app.say(
        'exchange',
        Array.from({ length: count / 5 }, () => succeeded()),
      );
    for (let i = 1; i <= 20; i++) await app.say('connections', [connectionChanged(i, 'system')]);
    await app.messaging.settled();

    const all = await app.lines();
    expect(all.map(({ n }) => Number(n))).toEqual(Array.from({ length: count + 20 }, (_, i) => i + 1));
    const sequences = all.filter(({ headers }) => headers['ce_subject'] === 'con_google');
    expect(sequences.map(({ headers }) => Number(headers['ce_sequence']))).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    // A start reads on from the offsets that were stored with the lines.
    expect(
      await app.ledger.query(
        `SELECT max("offset") = (SELECT max("offset") FROM bus.bus_log) AS read FROM consumer_offsets`,
      ),
    ).toEqual([{ read: true }]);
  });

  it('E4 keeps one entry of an event that is delivered again, and no gap for it', async () => {
    const before = (await app.lines()).length;
    await app.say('exchange', [succeeded(), succeeded()]);
    await app.messaging.settled();
    await app.ledger.query(`INSERT INTO bus.bus_log (topic, partition, key, headers, value)
      SELECT topic, partition, key, headers, value FROM bus.bus_log ORDER BY "offset" DESC LIMIT 2`);
    await app.say('exchange', [succeeded()]);
    await app.messaging.settled();
    const all = await app.lines();
    expect(all).toHaveLength(before + 3);
    expect(Number(all.at(-1)!.n)).toBe(before + 3);
    expect(await app.ledger.query('SELECT * FROM parked_events')).toEqual([]);
  });

  it('E21 parks the one bad event of a batch and takes all the others', async () => {
    const before = (await app.lines()).length;
    await app.ledger.transaction(async (tx) => {
      await tx.query(`SELECT pg_advisory_xact_lock(hashtext('strongroom:bus'))`);
      await tx.query(`INSERT INTO bus.bus_log (topic, partition, key, headers, value)
        SELECT topic, partition, key, jsonb_set(headers::jsonb, '{ce_id}', to_jsonb(gen_random_uuid()::text))::json,
          CASE WHEN row_number() OVER () = 500 THEN '{"half":' ELSE value END
        FROM (SELECT * FROM bus.bus_log WHERE topic LIKE '%exchanges%' ORDER BY "offset" LIMIT 999) l`);
      await tx.query(`SELECT pg_notify('strongroom_bus', '')`);
    });
    await app.messaging.settled();
    expect(await app.lines()).toHaveLength(before + 998);
    expect(await app.ledger.query('SELECT consumer, error_class FROM parked_events')).toEqual([
      { consumer: 'strongroom.audit', error_class: 'MalformedEventError' },
    ]);
  });

  it.each(['UPDATE ledger SET name = name', 'DELETE FROM ledger', 'TRUNCATE ledger'])(
    'L2 refuses to change what is written: %s',
    async (statement) => {
      await expect(app.ledger.query(statement)).rejects.toThrow('only ever added to');
    },
  );

  it('shows a successful exchange as seta, and nothing that could be a token', async () => {
    const event = succeeded();
    await app.say('exchange', [event]);
    await app.messaging.settled();
    const { status, body } = await app.read('/api/v2/logs?take=1');
    expect(status).toBe(200);
    expect(body).toEqual({
      logs: [
        {
          log_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          date: expect.stringMatching(/^\d{4}-.+Z$/),
          type: 'seta',
          description: expect.any(String),
          client_id: 'app1',
          client_name: 'Calendar helper',
          connection: 'google-oauth2',
          user_id: 'auth0|u1',
          ip: '127.0.0.1',
          details: {
            token_broker: 'token_vault',
            subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
            issued_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
            scope: 'openid calendar',
            expires_at: '2030-01-01T00:00:00.000Z',
            token_thumbprint: 'x'.repeat(43),
            is_privileged_worker: false,
            audit_context: null,
          },
        },
      ],
      next: expect.any(String),
    });
  });

  it('shows a refused exchange as feta with its reason, found again by its id', async () => {
    await app.say('exchange', [failed()]);
    await app.messaging.settled();
    const { body } = await app.read<[{ log_id: string }]>('/api/v2/logs?per_page=1');
    const [entry] = body;
    expect(entry).toMatchObject({
      type: 'feta',
      connection: 'con_gone',
      ip: null,
      details: {
        failure_reason: 'tokenset_not_found',
        error: 'federated_connection_refresh_token_not_found',
        audit_context: 'nightly run',
      },
    });
    expect((await app.read(`/api/v2/logs/${entry.log_id}`)).body).toEqual(entry);
    expect((await app.read(`/api/v2/logs/${randomUUID()}`)).body).toMatchObject({
      statusCode: 404,
      errorCode: 'inexistent_log',
    });
    expect((await app.read('/api/v2/logs/nothing')).status).toBe(404);
  });

  it('L4 says of requests that a rate refused how many they were', async () => {
    const refused = { error: 'too_many_requests', reason: 'rate_limited' };
    await app.say('exchange', [failed({ ...refused, personId: null, userId: null, requests: 44 })]);
    await app.messaging.settled();
    const { body } = await app.read('/api/v2/logs?per_page=1');
    expect(body).toMatchObject([{ type: 'feta', details: { failure_reason: 'rate_limited', requests: 44 } }]);
  });

  it('P4 shows what became of the tokens of a disconnected account at their provider', async () => {
    const outcome = { outcome: 'failed', effect: null, attempts: 97, code: 'temporarily_unavailable' } as const;
    const data = {
      tokensetId: 'ts_gone',
      personId: PERSON,
      userId: null,
      connectionId: 'con_google',
      accountId: 'cac_gone',
      status: 'deleted',
      ...outcome,
      actor: { kind: 'system' },
    } as const;
    await app.say('tokensets', [{ contract: tokensetRevoked, id: 'ts_gone', sequence: 3, data }]);
    await app.messaging.settled();
    const { body } = await app.read('/api/v2/logs?per_page=1');
    expect(body).toMatchObject([
      {
        type: 'connected_accounts_revocation',
        connection: 'google-oauth2',
        details: { connected_account: { id: 'cac_gone' }, tokenset: { id: 'ts_gone' }, ...outcome },
      },
    ]);
  });

  it('shows a change by a client as sapi, and none that the program made itself', async () => {
    await app.say('connections', [connectionChanged(21, 'client'), connectionChanged(22, 'system')]);
    await app.messaging.settled();
    const { body } = await app.read('/api/v2/logs?per_page=1');
    expect(body).toMatchObject([{ type: 'sapi', client_id: 'app1', connection: 'google-oauth2' }]);
    expect(body).toMatchObject([{ details: { event: 'connection.updated', changed: ['options'] } }]);
  });

  it('lists newest first and walks to the end by checkpoints', async () => {
    const seen: string[] = [];
    let from = '';
    do {
      const { body } = await app.read<{ logs: { log_id: string }[]; next?: string }>(`/api/v2/logs?take=100${from}`);
      const { logs, next } = body;
      seen.push(...logs.map(({ log_id: id }) => id));
      from = next ? `&from=${next}` : '';
    } while (from);
    const all = await app.ledger.query<{ event_id: string }[]>(
      `SELECT event_id FROM ledger WHERE name <> 'connection.updated' OR actor_kind = 'client' ORDER BY ledger.n DESC`,
    );
    expect(seen).toEqual(all.map(({ event_id: id }) => id));
    expect((await app.read('/api/v2/logs?include_totals=true&per_page=2')).body).toMatchObject({
      start: 0,
      limit: 2,
      total: all.length,
    });
  });

  it('finds entries by type, application, connection, person and address, all of which must fit', async () => {
    const about = { clientId: 'app_searched', userId: 'auth0|found', ip: '192.0.2.7', connectionId: 'con_google' };
    await app.say('exchange', [failed(about)]);
    await app.say('connections', [connectionChanged(22, 'client')]);
    await app.messaging.settled();
    const found = async (q: string) => {
      const { body } = await app.read<{ logs: { type: string }[] }>(`/api/v2/logs?take=9&q=${encodeURIComponent(q)}`);
      return body.logs?.map(({ type }) => type);
    };
    expect(await found('client_id:app_searched')).toEqual(['feta']);
    expect(await found('type:feta user_id:"auth0|found" ip:192.0.2.*')).toEqual(['feta']);
    expect(await found('APP_SEARCHED')).toEqual(['feta']);
    for (const one of ['GOOGLE-oauth2', 'google-*', '"google-oauth2"', 'con_google'])
      expect([one, await found(`connection:${one} client_id:app_searched`)]).toEqual([one, ['feta']]);
    expect(await found('google-oauth2 app_searched')).toEqual(['feta']);
    expect(await found('connection:google client_id:app_searched')).toEqual([]);
    expect(await found('type:seta client_id:app_searched')).toEqual([]);
    expect(await found('type:sapi client_id:app1')).toContain('sapi');
    for (const refused of ['details:x', 'type:feta OR type:seta', ''])
      expect([refused, await found(refused)]).toEqual([refused, undefined]);
    expect((await app.read('/api/v2/logs?include_totals=true&q=app_searched')).body).toMatchObject({ total: 1 });
  });

  it('looks through so much of the ledger at once, and goes on from there', async () => {
    await app.ledger.query(`
      INSERT INTO ledger (n, event_id, name, actor_kind, occurred_at, headers, data)
      SELECT 1000000, gen_random_uuid(), name, actor_kind, occurred_at, headers, data FROM ledger
      WHERE data->>'clientId' = 'app_searched'`);
    let from = '';
    const pages: number[] = [];
    do {
      const { body } = await app.read<{ logs: unknown[]; next?: string }>(`/api/v2/logs?take=9&q=app_searched${from}`);
      pages.push(body.logs.length);
      from = body.next ? `&from=${body.next}` : '';
    } while (from);
    expect(pages).toEqual([1, ...Array.from({ length: 18 }, () => 0), 1]);
    expect((await app.read('/api/v2/logs?q=app_searched')).body).toHaveLength(1);
  });

  it('is read with read:logs only', async () => {
    expect((await app.read('/api/v2/logs', 'read:users')).status).toBe(403);
    expect((await app.nest.inject({ url: '/api/v2/logs' })).statusCode).toBe(401);
  });
});
