import { Injectable } from '@nestjs/common';
import { Clients, ConnectionDirectory } from '@strongroom/contracts';
import { DataSource } from 'typeorm';
import { clientIdOf, connectionIdOf, type LedgerRow } from './log-entry.js';

/** What connections and clients are called, by id. */
export interface Names {
  connections: ReadonlyMap<string, string>;
  clients: ReadonlyMap<string, string>;
}

/** Names as they are now; of what is gone, where that is wanted, the last that the ledger has. */
@Injectable()
export class NamesOfThings {
  constructor(
    private readonly database: DataSource,
    private readonly connections: ConnectionDirectory,
    private readonly clients: Clients,
  ) {}

  async now(rows: readonly LedgerRow[]): Promise<Names> {
    const [connections, clients] = await Promise.all([
      lookUp(rows.map(connectionIdOf), async (id) => (await this.connections.byId(id, null))?.name),
      lookUp(rows.map(clientIdOf), async (id) => (await this.clients.get(id))?.name),
    ]);
    return { connections, clients };
  }

  async everKnown(rows: readonly LedgerRow[]): Promise<Names> {
    const { connections, clients } = await this.now(rows);
    const gone = new Set(
      [...rows.map(connectionIdOf), ...rows.map(clientIdOf)].filter(
        (id) => id !== null && !connections.has(id) && !clients.has(id),
      ),
    );
    if (gone.size === 0) return { connections, clients };
    const last = await this.database.query<{ id: string; name: string }[]>(
      `SELECT id, known.name FROM unnest($1::text[]) AS id CROSS JOIN LATERAL (
         SELECT data->>'name' AS name FROM ledger
         WHERE headers->>'ce_subject' = id
           AND ledger.name IN ('client.created', 'client.updated', 'connection.created', 'connection.updated')
         ORDER BY ledger.n DESC LIMIT 1) AS known`,
      [[...gone]],
    );
    const names = last.map(({ id, name }) => [id, name] as const);
    return {
      connections: new Map([...names, ...connections]),
      clients: new Map([...names, ...clients]),
    };
  }
}

/** Each id is asked for once. */
async function lookUp(
  ids: readonly (string | null)[],
  nameOf: (id: string) => Promise<string | undefined>,
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const wanted = new Set(ids.filter((id) => id !== null));
  await Promise.all(
    [...wanted].map(async (id) => {
      const name = await nameOf(id);
      if (name !== undefined) names.set(id, name);
    }),
  );
  return names;
}
