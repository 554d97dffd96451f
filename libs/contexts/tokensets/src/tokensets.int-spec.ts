import { accountDisconnected, connectionDeleted, userDeleted, type WireEvent } from '@strongroom/contracts';
import { Delivery, uuidV7 } from '@strongroom/messaging';
import { DataSource } from 'typeorm';
import { Bench } from '../test/bench.js';
import { DeleteTokensetsWhenConnectionDeleted } from './delete-tokensets-when-connection-deleted.js';
import { DeleteTokensetsWhenUserDeleted } from './delete-tokensets-when-user-deleted.js';

const actor = { kind: 'user' } as const;

describe('tokensets', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  const rows = async (table: string, tokensetId: string) =>
    (await bench.sql.query(`SELECT * FROM ${table} WHERE tokenset_id = $1`, [tokensetId])).rowCount;
  const delivery = () => new Delivery((work) => bench.app.get(DataSource).transaction((tx) => work(tx)));
  const wire = (contract: { ceType: string }, subject: string, data: object): WireEvent => ({
    headers: {
      ce_id: uuidV7(),
      ce_type: contract.ceType,
      ce_subject: subject,
      ce_sequence: '1'.padStart(20, '0'),
      ce_time: new Date().toISOString(),
    },
    value: JSON.stringify({ ...data, actor }),
  });

  it('are deleted with their keys, and say which key is gone', async () => {
    const account = await bench.connected();
    const request = { ...account, reason: 'disconnected', actor, clientId: 'app1' } as const;
    const both = await Promise.all([bench.vault.delete(request), bench.vault.delete(request)]);
    expect(both.sort()).toEqual([false, true]);
    expect(await bench.row(account)).toBeUndefined();
    expect(await rows('tokenset_keys', account.tokensetId)).toBe(0);
    const { rows: shredded } = await bench.sql.query<{ key_id: string }>(
      'SELECT key_id FROM shredded_keys WHERE tokenset_id = $1',
      [account.tokensetId],
    );
    expect((await bench.events(account)).at(-1)).toMatchObject({
      type: 'strongroom.tokenset.deleted.v1',
      sequence: 2,
      data: {
        ...{ status: 'deleted', reason: 'disconnected', keyId: shredded[0]!.key_id },
        actor: { ...actor, clientId: 'app1' },
      },
    });
  });

  it('are not deleted for another person', async () => {
    const account = await bench.connected();
    const other = { ...account, personId: bench.person(), reason: 'requested', actor } as const;
    expect(await bench.vault.delete(other)).toBe(false);
    expect(await bench.row(account)).toBeDefined();
  });

  it('keep the list of shredded keys for good', async () => {
    await expect(bench.sql.query('DELETE FROM shredded_keys')).rejects.toThrow('append-only');
  });

  it('go with their connection once its owner says that it is gone, and not before', async () => {
    const account = await bench.connected();
    const event = wire(connectionDeleted, account.connectionId, { connectionId: account.connectionId });
    const handler = bench.app.get(DeleteTokensetsWhenConnectionDeleted);
    await handler.handle(event, delivery());
    expect(await bench.row(account)).toBeDefined();
    bench.directory.views.delete(account.connectionId);
    await handler.handle(event, delivery());
    await handler.handle(event, delivery());
    expect(await bench.row(account)).toBeUndefined();
    expect((await bench.events(account)).map(({ type }) => type.split('.')[2])).toEqual(['created', 'deleted']);
  });

  it('go with their person once identity says so', async () => {
    const account = await bench.connected();
    const data = { personId: account.personId, userId: `auth0|${account.personId}`, status: 'deleted' };
    const event = wire(userDeleted, account.personId, data);
    const handler = bench.app.get(DeleteTokensetsWhenUserDeleted);
    await handler.handle(event, delivery());
    expect(await bench.row(account)).toBeDefined();
    bench.people.known.delete(account.personId);
    await handler.handle(event, delivery());
    expect(await bench.row(account)).toBeUndefined();
  });

  it('refuse an event of another kind', async () => {
    const event = wire(accountDisconnected, 'cac_x', {});
    const handler = bench.app.get(DeleteTokensetsWhenUserDeleted);
    await expect(handler.handle(event, delivery())).rejects.toThrow();
  });

  describe('over the Management API', () => {
    const call = (method: 'GET' | 'DELETE', path: string, scope: string) =>
      bench.app.inject({
        method,
        url: `/api/v2/users/${path}`,
        headers: { authorization: `Bearer ${scope}` },
      });

    it.each(['read:federated_connections_tokens', 'read:federated_connections_tokensets'])(
      'are listed newest first with %s',
      async (scope) => {
        const account = await bench.connected();
        bench.provider.subject = 'another';
        const newer = await bench.vault.redeem(await bench.redeemRequest(account.personId, account.connectionId));
        const answer = await call('GET', `auth0%7C${account.personId}/federated-connections-tokensets`, scope);
        expect(answer.statusCode).toBe(200);
        expect(answer.json()).toEqual([
          expect.objectContaining({ id: newer.tokensetId }),
          {
            id: account.tokensetId,
            connection: bench.directory.views.get(account.connectionId)!.name,
            scope: 'read write',
            issued_at: expect.stringMatching(/Z$/),
            expires_at: expect.stringMatching(/Z$/),
            last_used_at: null,
            status: 'active',
            reason: null,
            next_attempt_at: null,
          },
        ]);
      },
    );

    it('are deleted once', async () => {
      const account = await bench.connected();
      const path = `auth0%7C${account.personId}/federated-connections-tokensets/${account.tokensetId}`;
      const scope = 'delete:federated_connections_tokens';
      const first = await call('DELETE', path, scope);
      expect([first.statusCode, first.body]).toEqual([204, '']);
      const second = await call('DELETE', path, 'update:federated_connections_tokensets');
      expect([second.statusCode, second.json().errorCode]).toEqual([404, 'inexistent_tokenset']);
    });

    it('are refused for unknown users, malformed ids and other scopes', async () => {
      const scope = 'delete:federated_connections_tokens';
      const status = async (path: string, scopes = scope) => {
        const answer = await call('DELETE', path, scopes);
        return [answer.statusCode, answer.json<{ errorCode?: string }>().errorCode];
      };
      const { personId } = await bench.connected();
      expect(await status('auth0%7Cnobody/federated-connections-tokensets/ts_1')).toEqual([404, 'inexistent_user']);
      const malformed = `auth0%7C${personId}/federated-connections-tokensets/${'x'.repeat(37)}`;
      expect(await status(malformed)).toEqual([400, 'invalid_uri']);
      expect(await status(malformed, 'read:users')).toEqual([403, 'insufficient_scope']);
    });
  });
});
