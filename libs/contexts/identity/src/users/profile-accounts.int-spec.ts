import { randomUUID } from 'node:crypto';
import {
  accountConnected,
  accountDisconnected,
  People,
  type ConnectionView,
  type EventContract,
  type WireEvent,
} from '@strongroom/contracts';
import { Delivery } from '@strongroom/messaging';
import { startOwnRegistry, type RegistryApp } from '../../test/registry-app.js';
import { AddAccountToProfileWhenAccountConnected } from './add-account-to-profile-when-account-connected.js';
import { RemoveAccountFromProfileWhenAccountDisconnected } from './remove-account-from-profile-when-account-disconnected.js';

const CONNECTION = { connectionId: 'con_1', name: 'calendar', strategy: 'oauth2' } as ConnectionView;

describe('connected_accounts of a profile', () => {
  let registry: RegistryApp;
  let personId: string;
  let userId: string;

  beforeAll(async () => void (registry = await startOwnRegistry()));
  afterAll(() => registry?.stop());
  beforeEach(async () => {
    registry.connections.known.set(CONNECTION.connectionId, CONNECTION);
    const email = `${randomUUID()}@example.com`;
    const user = await registry.call('POST', '/users', { connection: 'Username-Password-Authentication', email });
    userId = user.body['user_id'] as string;
    personId = (await registry.app.get(People, { strict: false }).byUserId(userId))!.personId;
  });

  const wire = (contract: EventContract<never>, sequence: number, data: object, at: string): WireEvent => ({
    headers: {
      ...{ ce_id: randomUUID(), ce_type: contract.ceType, ce_subject: 'cac_1', ce_time: at },
      ce_sequence: String(sequence).padStart(20, '0'),
    },
    value: contract.write(data as never),
  });
  const account = (accountId: string) => ({
    ...{ accountId, personId, userId, connectionId: CONNECTION.connectionId, tokensetId: 'ts_1' },
    actor: { kind: 'system' },
  });
  const connected = (sequence: number, accountId = 'cac_1', scopes = ['read'], at = '2026-01-02T03:04:05.000Z') =>
    wire(
      accountConnected as EventContract<never>,
      sequence,
      {
        ...account(accountId),
        ...{ scopes, status: 'connected', clientId: 'app', connectSessionId: 'cs_1', reconnected: false },
        missingScopes: [],
      },
      at,
    );
  const disconnected = (sequence: number, accountId = 'cac_1') =>
    wire(
      accountDisconnected as EventContract<never>,
      sequence,
      { ...account(accountId), scopes: [], status: 'disconnected', reason: 'requested' },
      '2026-01-03T00:00:00.000Z',
    );
  const hear = async (event: WireEvent) => {
    const isConnected = event.headers['ce_type'] === accountConnected.ceType;
    const handler = registry.app.get(
      isConnected ? AddAccountToProfileWhenAccountConnected : RemoveAccountFromProfileWhenAccountDisconnected,
      { strict: false },
    );
    const run = <T>(work: (tx: never, given: void) => Promise<T>) =>
      registry.database.transaction((tx) => work(tx as never));
    await handler.handle(event, new Delivery(run));
  };
  const shown = async () => {
    const { body } = await registry.call('GET', `/users/${encodeURIComponent(userId)}`);
    return body['connected_accounts'] as Record<string, unknown>[];
  };

  it('MG-16 shows what was connected, with the name its connection has now, and no longer what was disconnected', async () => {
    const accountId = `cac_${randomUUID().replaceAll('-', '')}`;
    await hear(connected(1, accountId));
    expect(await shown()).toEqual([
      {
        ...{ id: accountId, connection: 'calendar', connection_id: 'con_1', strategy: 'oauth2' },
        ...{ access_type: 'offline', scopes: ['read'], created_at: '2026-01-02T03:04:05.000Z' },
      },
    ]);
    await hear(disconnected(2, accountId));
    expect(await shown()).toEqual([]);
  });

  it('stays the same when events come again, in any order', async () => {
    const accountId = `cac_${randomUUID().replaceAll('-', '')}`;
    const first = connected(1, accountId, ['read']);
    const second = connected(2, accountId, ['read', 'write'], '2026-02-02T00:00:00.000Z');
    for (const event of [first, first, second, first]) await hear(event);
    expect(await shown()).toMatchObject([{ scopes: ['read', 'write'], created_at: '2026-01-02T03:04:05.000Z' }]);
    for (const event of [disconnected(3, accountId), second, first]) await hear(event);
    expect(await shown()).toEqual([]);
  });

  it('does not take an account away because of an end that is older than what is known', async () => {
    const accountId = `cac_${randomUUID().replaceAll('-', '')}`;
    for (const event of [connected(3, accountId), disconnected(2, accountId)]) await hear(event);
    expect(await shown()).toMatchObject([{ id: accountId }]);
  });

  it('does not bring an account back whose end was heard before its beginning', async () => {
    const accountId = `cac_${randomUUID().replaceAll('-', '')}`;
    await hear(disconnected(2, accountId));
    await hear(connected(1, accountId));
    expect(await shown()).toEqual([]);
  });

  it('lists oldest first, and leaves out what belongs to a connection that is gone', async () => {
    const [older, newer] = [`cac_a${randomUUID().slice(0, 8)}`, `cac_b${randomUUID().slice(0, 8)}`];
    await hear(connected(1, newer, [], '2026-03-01T00:00:00.000Z'));
    await hear(connected(1, older, [], '2026-02-01T00:00:00.000Z'));
    expect((await shown()).map(({ id }) => id)).toEqual([older, newer]);
    registry.connections.known.clear();
    expect(await shown()).toEqual([]);
  });

  it('goes with the person, and an event that comes later leaves nothing behind', async () => {
    const accountId = `cac_${randomUUID().replaceAll('-', '')}`;
    await hear(connected(1, accountId));
    await registry.call('DELETE', `/users/${encodeURIComponent(userId)}`);
    await hear(connected(2, accountId));
    await hear(disconnected(3, accountId));
    const rows = await registry.database.query('SELECT 1 FROM profile_accounts WHERE account_id = $1', [accountId]);
    expect(rows).toEqual([]);
  });
});
