import type { EntityManager } from 'typeorm';
import { ConnectionClientEntity, ConnectionEntity } from './connection.entity.js';
import { InexistentConnectionError } from './connections.errors.js';

/** Ids of the enabled clients, in order. */
export async function clientsOf(manager: EntityManager, connection: string): Promise<string[]> {
  const listed = await manager.find(ConnectionClientEntity, {
    where: { connectionId: connection },
    order: { clientId: 'ASC' },
  });
  return listed.map(({ clientId }) => clientId);
}

export async function replaceClients(tx: EntityManager, connection: string, clients: string[]): Promise<void> {
  await tx.delete(ConnectionClientEntity, { connectionId: connection });
  await tx.query(`INSERT INTO connection_clients (connection_id, client_id) SELECT $1, unnest($2::text[])`, [
    connection,
    clients,
  ]);
}

/** From here to the end of the transaction nobody else changes the row. */
export async function lockConnection(tx: EntityManager, id: string): Promise<void> {
  await tx.query('SELECT FROM connections WHERE id = $1 FOR UPDATE', [id]);
}

/** Locks the row and takes its next event version. @throws InexistentConnectionError */
export async function bumped(tx: EntityManager, id: string): Promise<ConnectionEntity> {
  const { affected } = await tx.update(ConnectionEntity, { id }, { eventVersion: () => 'event_version + 1' });
  if (!affected) throw new InexistentConnectionError();
  return tx.findOneByOrFail(ConnectionEntity, { id });
}

/** False: the row was changed or removed since it was read, and nothing is written. */
export async function replaced(tx: EntityManager, before: ConnectionEntity, after: ConnectionEntity): Promise<boolean> {
  const { affected } = await tx.update(ConnectionEntity, { id: before.id, eventVersion: before.eventVersion }, {
    ...after,
  } as never);
  return Boolean(affected);
}
