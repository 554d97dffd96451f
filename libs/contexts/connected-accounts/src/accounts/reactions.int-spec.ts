import { randomUUID } from 'node:crypto';
import {
  type ClientView,
  connectionDeleted,
  type ConnectionView,
  type EventContract,
  type PersonView,
  tokensetDeleted,
  tokensetReconnectRequired,
  tokensetRecovered,
  userDeleted,
  type WireEvent,
} from '@strongroom/contracts';
import { Delivery } from '@strongroom/messaging';
import { Flow } from '../../test/browser.js';
import { suiteBench } from '../../test/suite-bench.js';
import { DisconnectWhenConnectionDeleted } from './disconnect-when-connection-deleted.js';
import { DisconnectWhenTokensetDeleted } from './disconnect-when-tokenset-deleted.js';
import { DisconnectWhenUserDeleted } from './disconnect-when-user-deleted.js';
import { MarkConnectedWhenTokensetRecovered } from './mark-connected-when-tokenset-recovered.js';
import { MarkReconnectRequiredWhenTokensetNeedsIt } from './mark-reconnect-required-when-tokenset-needs-it.js';

interface Handler {
  handle(wire: WireEvent, delivery: Delivery): Promise<void>;
}

const actor = { kind: 'system' } as const;

describe('reactions to events', () => {
  const bench = suiteBench();
  let alice: PersonView;
  let client: ClientView;
  let connection: ConnectionView;
  let flow: Flow;
  let id: string;
  let tokensetId: string;

  beforeEach(async () => {
    alice = bench.person('Alice');
    client = bench.client();
    connection = bench.connection(client);
    flow = await new Flow(bench, client, connection, alice).untilCode();
    id = ((await flow.complete()).json() as { id: string }).id;
    tokensetId = bench.vault.results.get(flow.sessionId)!.tokensetId;
  });

  const deliver = <D>(
    handler: new (...injected: never[]) => Handler,
    contract: EventContract<D>,
    data: D,
    sequence = 5,
  ): Promise<void> => {
    const wire = {
      headers: {
        ce_id: randomUUID(),
        ce_type: contract.ceType,
        ce_subject: 'x',
        ce_sequence: String(sequence).padStart(20, '0'),
        ce_time: new Date().toISOString(),
      },
      value: contract.write(data),
    };
    const delivery = new Delivery((work) => bench.database.transaction((tx) => work(tx, undefined)));
    return bench.app.get<Handler>(handler, { strict: false }).handle(wire, delivery);
  };
  const status = async () =>
    (
      await bench.database.query<{ status: string; reason: string | null }[]>(
        'SELECT status, reason FROM connected_accounts WHERE id = $1',
        [id],
      )
    )[0];
  const saidReasons = async () => (await bench.eventsOf(id)).map(({ data }) => data['reason']).slice(1);
  const tokenset = () => ({
    tokensetId,
    accountId: id,
    personId: alice.personId,
    userId: alice.userId,
    connectionId: connection.connectionId,
    actor,
  });
  const living = () => ({
    ...tokenset(),
    scopes: [],
    expiresAt: null,
    credentialVersion: 1,
  });
  const deleted = (reason: 'requested' | 'disconnected' | 'user_deleted' = 'requested') =>
    ({ ...tokenset(), status: 'deleted', reason, keyId: randomUUID() }) as const;

  it('disconnects once when the tokenset was deleted, also when the event comes twice', async () => {
    for (let n = 0; n < 2; n++) await deliver(DisconnectWhenTokensetDeleted, tokensetDeleted, deleted());
    expect(await status()).toEqual({ status: 'disconnected', reason: null });
    expect(await saidReasons()).toEqual(['tokenset_deleted']);
  });

  it('calls it requested when the deletion began here', async () => {
    await deliver(DisconnectWhenTokensetDeleted, tokensetDeleted, deleted('disconnected'));
    expect(await saidReasons()).toEqual(['requested']);
  });

  it('leaves an account alone that has another tokenset by now', async () => {
    await deliver(DisconnectWhenTokensetDeleted, tokensetDeleted, { ...deleted(), tokensetId: 'ts_old' });
    expect((await status())!.status).toBe('connected');
  });

  it('keeps an account from appearing whose tokenset was deleted before it was stored', async () => {
    const late = await new Flow(bench, client, connection, alice).untilCode();
    bench.vault.answer = { accountId: 'cac_late', tokensetId: 'ts_late' };
    bench.vault.meanwhile = () =>
      deliver(DisconnectWhenTokensetDeleted, tokensetDeleted, {
        ...deleted(),
        accountId: 'cac_late',
        tokensetId: 'ts_late',
      });
    const answer = await late.complete();
    bench.vault.answer = {};
    bench.vault.meanwhile = () => Promise.resolve();
    expect(answer.status).toBe(404);
    expect(await late.dbState()).toBe('failed');
    expect(await bench.eventsOf('cac_late')).toEqual([]);
  });

  it('marks an account that needs its person, and takes the mark off again', async () => {
    const needs = {
      ...living(),
      status: 'reconnect_required',
      reason: 'revoked',
      class: 'reconnect',
      code: null,
    } as const;
    const works = { ...living(), status: 'active', reason: null, cause: 'retried', downSince: null } as const;
    await deliver(MarkReconnectRequiredWhenTokensetNeedsIt, tokensetReconnectRequired, needs, 2);
    expect(await status()).toEqual({ status: 'reconnect_required', reason: 'revoked' });
    await deliver(MarkConnectedWhenTokensetRecovered, tokensetRecovered, works, 3);
    expect(await status()).toEqual({ status: 'connected', reason: null });
    await deliver(MarkReconnectRequiredWhenTokensetNeedsIt, tokensetReconnectRequired, needs, 2);
    expect(await status()).toEqual({ status: 'connected', reason: null });
    await deliver(DisconnectWhenTokensetDeleted, tokensetDeleted, deleted(), 4);
    await deliver(MarkConnectedWhenTokensetRecovered, tokensetRecovered, works, 9);
    expect((await status())!.status).toBe('disconnected');
  });

  it('disconnects when the connection is gone, and not because an event says so', async () => {
    const open = await new Flow(bench, client, connection, alice).begin();
    const data = { connectionId: connection.connectionId, actor };
    await deliver(DisconnectWhenConnectionDeleted, connectionDeleted, data);
    expect((await status())!.status).toBe('connected');
    expect(await open.dbState()).toBe('created');
    bench.directory.all.delete(connection.connectionId);
    for (let n = 0; n < 2; n++) await deliver(DisconnectWhenConnectionDeleted, connectionDeleted, data);
    expect((await status())!.status).toBe('disconnected');
    expect(await saidReasons()).toEqual(['connection_deleted']);
    expect(await open.failures()).toEqual(['provider_error']);
  });

  it('disconnects when the person is gone, and not because an event says so', async () => {
    const open = await new Flow(bench, client, connection, alice).begin();
    const bobs = await new Flow(bench, client, connection, bench.person('Bob')).begin();
    const data = { personId: alice.personId, userId: alice.userId, status: 'deleted', actor } as const;
    await deliver(DisconnectWhenUserDeleted, userDeleted, data);
    expect((await status())!.status).toBe('connected');
    bench.people.all.delete(alice.personId);
    for (let n = 0; n < 2; n++) await deliver(DisconnectWhenUserDeleted, userDeleted, data);
    expect((await status())!.status).toBe('disconnected');
    expect(await saidReasons()).toEqual(['user_deleted']);
    expect(await open.dbState()).toBe('failed');
    expect(await bobs.dbState()).toBe('created');
  });
});
