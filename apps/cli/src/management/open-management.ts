import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '@strongroom/config';
import { managementSettings } from '../settings.js';
import { Management } from './management.js';

export interface Where {
  url?: string | undefined;
  environment?: NodeJS.ProcessEnv | undefined;
}

/** The Management API of the installation that the parameters or the settings name. */
export async function openManagement({ url, environment }: Where): Promise<Management> {
  const settings = loadConfig(managementSettings, environment);
  const origin = url ?? settings.STRONGROOM_PUBLIC_URL;
  if (!origin) throw new Error('say where Strongroom is: --url, or STRONGROOM_PUBLIC_URL.');
  const secret = (given: string | undefined, name: string) =>
    given ?? readSecret(join(settings.STRONGROOM_SECRETS_DIR, 'identity', name));
  const clientId = await secret(settings.STRONGROOM_MANAGEMENT_CLIENT_ID, 'management-client-id');
  const clientSecret = await secret(settings.STRONGROOM_MANAGEMENT_CLIENT_SECRET, 'management-client-secret');
  return new Management({ url: new URL(origin).origin, clientId, clientSecret });
}

const readSecret = (path: string): Promise<string> =>
  readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => {
      throw new Error(
        `${path} cannot be read: set STRONGROOM_SECRETS_DIR, or STRONGROOM_MANAGEMENT_CLIENT_ID and _SECRET.`,
      );
    },
  );
