import { isIP } from 'node:net';
import { createLocalAuthority } from '@strongroom/crypto';
import type { PublicUrl } from '@strongroom/http';
import type { Config } from './config.js';
import type { DataDirectory } from './data-directory.js';

const usesTls = (config: Config): boolean => config.STRONGROOM_TLS === 'generate' || !!config.STRONGROOM_TLS_CERT;

/** Where it is to be found if nobody says. */
export const defaultUrl = (config: Config): string =>
  `${usesTls(config) ? 'https' : 'http'}://localhost:${config.STRONGROOM_PORT}`;

/** The provider must never be ourselves or our database, whatever `STRONGROOM_EGRESS_ALLOW` says. */
export const ownListeners = (
  { STRONGROOM_PORT: port, STRONGROOM_METRICS_PORT: metricsPort }: Config,
  databaseUrl: string,
): string[] =>
  [port, new URL(databaseUrl).port, ...(metricsPort ? [metricsPort] : [])].flatMap((own) => [
    `http://127.0.0.1:${own}`,
    `http://localhost:${own}`,
  ]);

/** Clients with a certificate may come by `mtls.{host}`; an address has no such name. */
const namesOf = (config: Config, host: string): string[] =>
  config.STRONGROOM_TLS_CLIENT_CERTS && isIP(host) === 0 && !host.startsWith('[') ? [host, `mtls.${host}`] : [host];

/** The certificate that is configured, or one of our own authority; undefined: no TLS here. */
export async function tlsOf(
  config: Config,
  directory: DataDirectory,
  publicUrl: PublicUrl,
): Promise<{ key: string; cert: string } | undefined> {
  if (config.STRONGROOM_TLS_CERT && config.STRONGROOM_TLS_KEY)
    return { cert: config.STRONGROOM_TLS_CERT, key: config.STRONGROOM_TLS_KEY };
  if (config.STRONGROOM_TLS_CERT || config.STRONGROOM_TLS_KEY)
    throw new Error('STRONGROOM_TLS_CERT and STRONGROOM_TLS_KEY belong together: set both, or neither.');
  if (config.STRONGROOM_TLS !== 'generate') return undefined;
  const { cert, key } = await createLocalAuthority(directory.path, namesOf(config, new URL(publicUrl.origin).hostname));
  return { cert, key };
}
