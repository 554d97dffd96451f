import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { scramVerifier } from './scram-verifier.js';

/** The login of the service that owns a schema. */
export const roleOf = (schema: string): string => `strongroom_${schema}`;

/** Roles belong to the whole server: somebody in another of its databases may be at the same role just now. */
const AT_THE_SAME_TIME = ['XX000', '42710', '23505'];
const TRIES = 10;

/** Makes the role if it is missing, and gives it this password. @returns whether it was missing. */
export async function ensureRole(owner: pg.Client, role: string, password: string): Promise<boolean> {
  for (let left = TRIES; ; left--)
    try {
      return await setRole(owner, role, password);
    } catch (error) {
      if (left === 1 || !AT_THE_SAME_TIME.includes((error as { code?: string }).code ?? '')) throw error;
      await sleep(50 + Math.random() * 100);
    }
}

async function setRole(owner: pg.Client, role: string, password: string): Promise<boolean> {
  const { rows } = await owner.query<{ may_more: boolean }>(
    `SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS may_more
     FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  if (rows[0]?.may_more)
    throw new Error(
      `role ${role} may more than a service (superuser, createdb, createrole, replication or bypassrls): ` +
        `take that from it with ALTER ROLE.`,
    );
  const verb = rows.length === 0 ? 'CREATE' : 'ALTER';
  const verifier = pg.escapeLiteral(scramVerifier(password));
  await owner.query(`${verb} ROLE ${pg.escapeIdentifier(role)} LOGIN PASSWORD ${verifier}`);
  return rows.length === 0;
}
