import pg from 'pg';

const NO_SUCH_DATABASE = '3D000';
/** Another process was quicker: the name is taken, or about to be. */
const MADE_MEANWHILE = ['42P04', '23505'];
const NOT_PERMITTED = '42501';

/** Makes the database that the address names, if it is missing and its user may. @returns whether it was missing. */
export async function createDatabase(url: string): Promise<boolean> {
  if (await exists(url)) return false;
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  const elsewhere = new URL(url);
  elsewhere.pathname = '/postgres';
  const client = new pg.Client({ connectionString: elsewhere.href });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== undefined && MADE_MEANWHILE.includes(code)) return false;
    if (code === NOT_PERMITTED)
      throw new Error(`database "${name}" does not exist and the owner role may not create it: create it by hand.`);
    throw error;
  } finally {
    await client.end();
  }
}

async function exists(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === NO_SUCH_DATABASE) return false;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
