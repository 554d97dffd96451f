import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Installation } from './installation.js';

/** What NODE_EXTRA_CA_CERTS does before Node starts: every library of this process trusts the installation then. */
export function trust({ address: { caFile } }: Installation): void {
  if (caFile) setDefaultCACertificates([...getCACertificates('default'), readFileSync(caFile, 'utf8')]);
}

/** Libraries insist on HTTPS; an installation that the environment names may have none. */
export const isOverHttps = (): boolean => process.env['STRONGROOM_TEST_URL']?.startsWith('https:') ?? false;
