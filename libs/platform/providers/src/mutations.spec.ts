import { failuresOf } from '../test/failures-of.js';
import { mutationsOf, withEntry } from '../test/mutations.js';
import { Catalogue } from './catalogue.js';
import { loadFixtures } from './catalogue/fixtures.js';
import { readCatalogue } from './catalogue-files.js';

const filesIn = (name: string): string[] => (process.env[name] ?? '').split(',').filter((file) => file !== '');
const file = readCatalogue(filesIn('STRONGROOM_PROVIDERS_FILE'));
const { providers } = loadFixtures(filesIn('STRONGROOM_TEST_PROVIDER_FIXTURES'));

/** Overrides that no case can notice, each with its reason. */
const UNNOTICED: Record<string, Record<string, string>> = {};

it.each(Object.entries(providers))('notices when an override of %s is dropped or changed', (id, fixture) => {
  const survivors: string[] = [];
  for (const { pointer, how, entry } of mutationsOf(file.providers[id]!))
    if (failuresOf(Catalogue.of(withEntry(file, id, entry)), id, fixture).length === 0)
      survivors.push(`${pointer} ${how}`);
  expect(survivors).toEqual(Object.keys(UNNOTICED[id] ?? {}));
});
