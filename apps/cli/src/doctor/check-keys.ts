import { ConfiguredMasterKeys, KeyRing } from '@strongroom/crypto';
import type { ServiceName } from '@strongroom/contracts';
import { contextDatabase } from '@strongroom/persistence';
import { ServiceKeys } from '@strongroom/rpc';
import { DataSource } from 'typeorm';
import { contexts } from '../contexts.js';
import { check, fault, type Finding, skipped } from './finding.js';
import type { Subject } from './subject.js';

/** The service's own key belongs to its public one, and the master keys open what the database holds. */
export async function checkKeys(subject: Subject, isDatabaseThere: boolean): Promise<Finding[]> {
  const { service, serviceKey, serviceKeys, masterKeys } = subject;
  const found = [
    serviceKey === null || serviceKeys === null
      ? fault(`service key of ${service}`, 'not there: put the file back, or run "strongroom init" for a new one')
      : await check(`service key of ${service}`, () => {
          ServiceKeys.parse({ name: service, privateKeyPem: serviceKey, publicKeysJwks: serviceKeys });
          return 'belongs to its public key';
        }),
  ];
  if (masterKeys === undefined) return found;
  const what = `master keys of ${service}`;
  if (masterKeys === null)
    return [
      ...found,
      fault(what, 'not there: put the file back from its copy; a new one opens nothing that is stored'),
    ];
  const keys = await check(what, () => {
    ConfiguredMasterKeys.parse(masterKeys);
    return 'can be read';
  });
  if (keys.state !== 'ok') return [...found, keys];
  if (!isDatabaseThere || subject.databaseUrl === null)
    return [...found, skipped(what, 'can be read; whether they open what is stored, the database would tell')];
  const { databaseUrl } = subject;
  return [...found, await check(what, () => opens(service, databaseUrl, masterKeys))];
}

/** In a session that cannot write: an empty key ring must stay empty. */
async function opens(service: ServiceName, url: string, masterKeys: string): Promise<string> {
  const options = contextDatabase({ ...contexts[service](url), entities: [], migrations: [], poolSize: 1 });
  const readOnly = { ...options.extra, options: `${options.extra.options} -c default_transaction_read_only=on` };
  const database = await new DataSource({ ...options, extra: readOnly }).initialize();
  try {
    const rows = await database.query<unknown[]>('SELECT id FROM installation');
    if (rows.length === 0) return 'nothing is sealed yet';
    await KeyRing.load({
      database,
      masterKeys: ConfiguredMasterKeys.parse(masterKeys),
      context: service as 'tokensets' | 'identity',
      isObserver: true,
    });
    return 'open what is stored';
  } finally {
    await database.destroy();
  }
}
