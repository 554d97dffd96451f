import type { Catalogue } from '@strongroom/providers';
import type { EntityManager } from 'typeorm';
import type { ConnectionEntity } from './connection.entity.js';
import { refused } from './connections.errors.js';
import { governing } from './provider/governing-provider.js';

type Described = Pick<ConnectionEntity, 'id' | 'strategy' | 'options' | 'loginActive'>;

const aliasesIn = ({ options }: Pick<ConnectionEntity, 'options'>): string[] =>
  (options['domain_aliases'] as string[] | null | undefined) ?? [];

/** A company's directory: what home-realm discovery and the choice of a button are for. */
const isDirectory = (catalogue: Catalogue, row: Described): boolean =>
  governing(catalogue, row)?.category === 'enterprise';

/** Whether a directory has a button on the login page; other connections always do. */
export function showsButton(
  catalogue: Catalogue,
  row: Described & Pick<ConnectionEntity, 'showAsButton'>,
): { show_as_button?: boolean } {
  if (row.showAsButton !== null) return { show_as_button: row.showAsButton };
  return isDirectory(catalogue, row) ? { show_as_button: aliasesIn(row).length === 0 } : {};
}

/**
 * Makes the domains of this connection its own, in the transaction that writes it. Of two that want the same one at
 * the same time, one succeeds.
 *
 * @throws ValidationError that names the connection which has the domain
 */
export async function claimDomains(tx: EntityManager, catalogue: Catalogue, row: Described): Promise<void> {
  const aliases = aliasesIn(row).map((alias) => alias.toLowerCase());
  const wanted = row.loginActive && isDirectory(catalogue, row) ? [...new Set(aliases)].sort() : [];
  await tx.query(`DELETE FROM connection_domains WHERE connection_id = $1 AND domain <> ALL ($2::text[])`, [
    row.id,
    wanted,
  ]);
  if (wanted.length === 0) return;
  await tx.query(
    `INSERT INTO connection_domains (domain, connection_id) SELECT unnest($2::text[]), $1 ON CONFLICT DO NOTHING`,
    [row.id, wanted],
  );
  const [taken] = await tx.query<{ domain: string; name: string }[]>(
    `SELECT d.domain, c.name FROM connection_domains d JOIN connections c ON c.id = d.connection_id
     WHERE d.domain = ANY ($2) AND d.connection_id <> $1 ORDER BY d.domain LIMIT 1`,
    [row.id, wanted],
  );
  if (taken)
    throw refused(
      `options.domain_aliases.${aliases.indexOf(taken.domain)}`,
      `is already a domain of the connection ${taken.name}, and a domain leads to one login connection; remove it there first`,
    );
}
