import { randomUUID } from 'node:crypto';
import {
  accountConnected,
  accountDisconnected,
  clientCreated,
  clientUpdated,
  connectFailed,
  tokensetReconnectRequired,
  userLoggedIn,
} from '@strongroom/contracts';
import { type AuditApp, startAudit } from '../test/audit-app.js';
import { failed, PERSON, succeeded } from '../test/exchanges.js';

describe('audit', () => {
  let app: AuditApp;

  beforeAll(async () => {
    app = await startAudit();
  });
  afterAll(() => app?.stop());

  describe('receipts', () => {
    const OWN = '0b8f1a52-5c0e-4d0c-9a51-2f6f4f6f7a01';
    const account = {
      accountId: 'cac_own',
      personId: OWN,
      userId: 'auth0|u2',
      connectionId: 'con_google',
      tokensetId: 'ts_own',
    };
    const by = { kind: 'user', id: OWN } as const;
    const client = {
      ...{ clientId: 'app_gone', name: 'First name', appType: null, firstParty: true },
      ...{ grantTypes: [], status: 'active', actor: { kind: 'system' } },
    } as const;
    const mine = (query = '', person = OWN, scope = 'read:me:receipts') =>
      app.read<{ receipts: Record<string, unknown>[]; next?: string }>(`/me/v1/receipts${query}`, `${scope} ${person}`);
    const walked = async () => {
      const all: Record<string, unknown>[] = [];
      let from = '';
      do {
        const { receipts, next } = (await mine(`?take=2${from}`)).body;
        all.push(...receipts);
        from = next === undefined ? '' : `&from=${next}`;
      } while (from);
      return all;
    };
    const types = async (query: string) => (await mine(query)).body.receipts.map(({ type }) => type);

    // Somebody else has some as well.
    beforeAll(() => app.happen(['exchange', succeeded()], ['exchange', failed()]));

    it('AD-11 are one each of connect, exchange, refusal, disconnect and whatever else was done, for their person only', async () => {
      const exchanged = succeeded({ personId: OWN, userId: 'auth0|u2', accountId: 'cac_own' });
      const refused = failed({ personId: OWN, clientId: 'app_gone', accountId: 'cac_own', reason: 'scope_missing' });
      await app.happen(
        ['identity', { contract: clientCreated, id: 'app_gone', sequence: 1, data: client }],
        [
          'identity',
          {
            contract: clientUpdated,
            id: 'app_gone',
            sequence: 2,
            data: { ...client, name: 'Last name', changed: ['name'] },
          },
        ],
        [
          'identity',
          {
            contract: userLoggedIn,
            id: OWN,
            sequence: 1,
            data: {
              ...{ personId: OWN, userId: 'auth0|u2', status: 'active', identities: [] },
              ...{ clientId: 'app1', connectionId: null, sessionId: 's1', ip: '127.0.0.2', actor: by },
            },
          },
        ],
        [
          'connected_accounts',
          {
            contract: connectFailed,
            id: 'cs_1',
            sequence: 1,
            data: {
              ...{ connectSessionId: 'cs_1', personId: OWN, userId: 'auth0|u2', clientId: 'app_gone' },
              ...{ connectionId: 'con_google', reason: 'denied', code: 'access_denied', actor: by },
            },
          },
        ],
        [
          'connected_accounts',
          {
            contract: accountConnected,
            id: 'cac_own',
            sequence: 1,
            data: {
              ...{ ...account, status: 'connected', scopes: ['calendar'], clientId: 'app1' },
              ...{ connectSessionId: 'cs_2', reconnected: false, missingScopes: [], actor: by },
            },
          },
        ],
        ['exchange', exchanged],
        ['exchange', refused],
        [
          'tokensets',
          {
            contract: tokensetReconnectRequired,
            id: 'ts_own',
            sequence: 2,
            data: {
              ...{ ...account, status: 'reconnect_required', reason: 'revoked_or_expired', scopes: ['calendar'] },
              ...{
                expiresAt: null,
                credentialVersion: 1,
                class: 'invalid_grant',
                code: null,
                actor: { kind: 'client', id: 'app1' },
              },
            },
          },
        ],
        [
          'connected_accounts',
          {
            contract: accountDisconnected,
            id: 'cac_own',
            sequence: 2,
            data: {
              ...{ ...account, status: 'disconnected', scopes: [], reason: 'requested' },
              actor: { ...by, clientId: 'app1' },
            },
          },
        ],
      );
      const common = {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        at: expect.stringMatching(/^\d{4}-.+Z$/),
        connection: 'google-oauth2',
        account_id: 'cac_own',
        ip: null,
      };
      const app1 = { client_id: 'app1', client_name: 'Calendar helper' };
      // The client is gone: it keeps the name it had last.
      const gone = { client_id: 'app_gone', client_name: 'Last name' };
      const { status, body } = await mine();
      expect(status).toBe(200);
      expect(body).toEqual({
        receipts: [
          { ...common, ...app1, type: 'disconnected', scopes: [], reason: 'requested' },
          {
            ...{ ...common, ...app1, type: 'reconnect_required' },
            ...{ scopes: ['calendar'], reason: 'revoked_or_expired' },
          },
          { ...common, ...gone, type: 'refused', connection: 'con_gone', scopes: [], reason: 'scope_missing' },
          { ...common, ...app1, type: 'exchanged', scopes: ['openid', 'calendar'], ip: '127.0.0.1' },
          { ...common, ...app1, type: 'connected', scopes: ['calendar'] },
          { ...common, ...gone, type: 'connect_failed', account_id: null, scopes: [], reason: 'denied' },
          {
            ...{ ...common, ...app1, type: 'signed_in', connection: null, account_id: null },
            ...{ scopes: [], ip: '127.0.0.2' },
          },
        ],
      });
      expect((await mine('', randomUUID())).body).toEqual({ receipts: [] });
    });

    it('AD-11 are found by account and by client, and paged by cursors of one person and one filter', async () => {
      expect(await types('?account=cac_own')).toEqual([
        ...['disconnected', 'reconnect_required', 'refused', 'exchanged', 'connected'],
      ]);
      expect(await types('?client_id=app_gone')).toEqual(['refused', 'connect_failed']);
      expect(await types('?client_id=app1&account=cac_own')).toEqual([
        ...['disconnected', 'reconnect_required', 'exchanged', 'connected'],
      ]);
      expect(await types('?account=cac_another')).toEqual([]);

      expect(await walked()).toEqual((await mine()).body.receipts);

      const { next } = (await mine('?take=1')).body;
      expect((await mine(`?from=${next}&account=cac_own`)).status).toBe(400);
      expect((await mine(`?from=${next}`, PERSON)).status).toBe(400);
      const beyond = Buffer.from(next!, 'base64url')
        .toString('utf8')
        .replace(/\.\d+\./, `.${'9'.repeat(15)}.`);
      const forged = `?from=${Buffer.from(beyond, 'utf8').toString('base64url')}`;
      for (const bad of [
        forged,
        '?take=0',
        '?take=101',
        '?take=1.5',
        '?from=x',
        '?account=x',
        '?client_id=',
        '?until=now',
      ])
        expect([bad, (await mine(bad)).status]).toEqual([bad, 400]);
      expect((await mine('?take=100')).status).toBe(200);
      expect((await mine('', OWN, 'read:me:sessions')).status).toBe(403);
    });

    it('AD-11 are told by when they happened, also what was heard late, and of one instant each once', async () => {
      const before = await walked();
      const [disconnected, ...others] = before;
      await app.ledger.query(
        `INSERT INTO ledger (n, event_id, name, actor_kind, occurred_at, headers, data)
         SELECT (SELECT max(n) FROM ledger) + i, gen_random_uuid(), name, actor_kind, occurred_at - interval '1 ms', headers, data
         FROM (SELECT * FROM ledger WHERE event_id = $1) late, generate_series(1, 4) i`,
        [disconnected!['id']],
      );
      const after = await walked();
      expect(after.map(({ at }) => at)).toEqual([...after.map(({ at }) => String(at))].sort().reverse());
      expect(after[0]).toEqual(disconnected);
      expect(new Set(after.map(({ id }) => id)).size).toBe(others.length + 5);
    });

    it('of a long ledger are found by their index', async () => {
      const used = async () => {
        const [row] = await app.ledger.query<{ idx_scan: string }[]>(
          `SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'ledger_receipts'`,
        );
        return Number(row!.idx_scan);
      };
      await app.ledger.query(
        `INSERT INTO ledger (n, event_id, name, actor_kind, occurred_at, headers, data)
         SELECT (SELECT max(n) FROM ledger) + i, gen_random_uuid(), name, actor_kind, occurred_at, headers, data
         FROM (SELECT * FROM ledger WHERE name = 'exchange.succeeded' LIMIT 1) one, generate_series(1, 20000) i`,
      );
      await app.ledger.query('ANALYZE ledger');
      const before = await used();
      expect(await types('?client_id=app1&account=cac_own')).toHaveLength(8);
      for (let now = before; now === before; now = await used()) await new Promise((again) => setTimeout(again, 50));
    });
  });
});
