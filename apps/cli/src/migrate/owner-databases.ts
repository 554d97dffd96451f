import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceName } from '@strongroom/contracts';
import { type MigrateSettings, ownerPasswordName, ownerUrlName } from '../settings.js';

/** Where a service's database lies, as its owner sees it. */
export function ownerUrlOf(service: ServiceName, settings: MigrateSettings): string {
  const given = textOf(settings, ownerUrlName(service)) ?? settings.STRONGROOM_OWNER_DATABASE_URL;
  if (!given) throw new Error(`set STRONGROOM_OWNER_DATABASE_URL, or ${ownerUrlName(service)} for ${service} alone.`);
  const url = new URL(given);
  const password = textOf(settings, ownerPasswordName(service)) ?? settings.STRONGROOM_OWNER_DATABASE_PASSWORD;
  if (password) url.password = encodeURIComponent(password);
  if (url.pathname.length < 2) throw new Error(`the address of the database of ${service} names no database.`);
  return url.href;
}

/** One of the settings that each service has its own of. */
function textOf(settings: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = settings[name];
  return typeof value === 'string' ? value : undefined;
}

/** What `strongroom init` made for the service's role. */
export async function rolePasswordOf(service: ServiceName, secretsDir: string): Promise<string> {
  const path = join(secretsDir, service, 'database-password');
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    throw new Error(`${path} cannot be read: run "strongroom init", or correct STRONGROOM_SECRETS_DIR.`);
  }
}
