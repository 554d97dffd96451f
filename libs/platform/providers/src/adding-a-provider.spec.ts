import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failuresOf } from '../test/failures-of.js';
import { mutationsOf, withEntry } from '../test/mutations.js';
import { Catalogue } from './catalogue.js';
import { loadFixtures } from './catalogue/fixtures.js';
import { checkEntry, readCatalogue } from './catalogue-files.js';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/adding-a-provider.md'), 'utf8');
const [entries, fixtures] = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, block]) => block!);
const ID = 'quillbox';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-'));
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('the page that shows how to add a provider', () => {
  const catalogueFile = file('entries.json', entries!);
  const fixture = loadFixtures([file('fixtures.json', fixtures!)]).providers[ID]!;

  it('describes one that is spoken to as its fixture has it', () => {
    expect(Catalogue.shipped().providers.has(ID)).toBe(false);
    expect(failuresOf(Catalogue.load([catalogueFile]), ID, fixture)).toEqual([]);
  });

  it('has a case for every override', () => {
    const all = readCatalogue([catalogueFile]);
    const survivors = [...mutationsOf(all, ID)].filter(({ entry }) => {
      const mutated = withEntry(all, ID, entry);
      return checkEntry(mutated, ID).length === 0 && failuresOf(Catalogue.of(mutated), ID, fixture).length === 0;
    });
    expect(survivors.map(({ pointer }) => pointer)).toEqual([]);
  });
});
