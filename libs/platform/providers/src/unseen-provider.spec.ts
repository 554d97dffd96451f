import { join } from 'node:path';
import { failuresOf } from '../test/failures-of.js';
import { mutationsOf, withEntry } from '../test/mutations.js';
import { Catalogue } from './catalogue.js';
import { loadFixtures } from './catalogue/fixtures.js';
import { checkEntry, readCatalogue } from './catalogue-files.js';

const unseen = (name: string): string => join(import.meta.dirname, '../test/unseen', name);

/** Habits that no shipped entry has, all in one: what the data can say must work before somebody needs it. */
describe('a provider of odd habits', () => {
  const files = [unseen('entries.json')];
  const fixture = loadFixtures([unseen('fixtures.json')]).providers['odd']!;

  it('is spoken to as its fixture has it', () => {
    expect(failuresOf(Catalogue.load(files), 'odd', fixture)).toEqual([]);
  });

  it('is noticed to be another when an override is dropped or changed', () => {
    const all = readCatalogue(files);
    const survivors = [...mutationsOf(all, 'odd')].filter(({ entry }) => {
      const mutated = withEntry(all, 'odd', entry);
      return checkEntry(mutated, 'odd').length === 0 && failuresOf(Catalogue.of(mutated), 'odd', fixture).length === 0;
    });
    // A fixture names one request; that both tokens are presented is said beside the function that does it.
    expect(survivors.map(({ pointer, how }) => `${pointer} ${how}`)).toEqual(['/revocation/token dropped']);
  });
});
