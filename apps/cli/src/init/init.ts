import { distributePublicKeys } from './public-keys.js';
import { type Owner, SecretsDirectory } from './secrets-directory.js';
import { recipes } from './service-secrets.js';

export interface InitOptions {
  dir: string;
  administratorEmail: string;
  owner?: Owner | undefined;
  dropOldServiceKeys?: boolean | undefined;
}

/**
 * Makes the secrets that are missing. What is there is never changed but the lists of public keys, which grow.
 *
 * @returns what to show: names of files, never what they hold.
 */
export async function init({ dir, administratorEmail, owner, dropOldServiceKeys }: InitOptions): Promise<string[]> {
  const directory = await SecretsDirectory.open(dir, owner);
  const made: string[] = [];
  let kept = 0;
  for (const [service, files] of Object.entries(recipes(administratorEmail))) {
    await directory.ensure(service);
    for (const [file, make] of Object.entries(files)) {
      const name = `${service}/${file}`;
      if ((await directory.read(name)) !== null) kept++;
      else {
        await directory.write(name, make());
        made.push(name);
      }
    }
  }
  made.push(...(await distributePublicKeys(directory, dropOldServiceKeys ?? false)));
  await directory.giveAll();
  return [
    ...made.sort().map((name) => `made  ${name}`),
    `${directory.path}: ${made.length} made, ${kept} secrets were there and stay as they are.`,
    ...(made.some((name) => name.endsWith('master-keys')) ? [COPY] : []),
    ...(kept > 0 ? made.filter((name) => name.endsWith('master-keys')).map(isNew) : []),
  ];
}

const COPY =
  'Copy tokensets/master-keys and identity/master-keys to a safe place, apart from any backup of the databases: ' +
  'without them nothing that is stored can be opened, by nobody.';

const isNew = (name: string): string =>
  `${name} was missing and is a new one: it opens nothing that is stored already. If there is such a database, put the old file back.`;
