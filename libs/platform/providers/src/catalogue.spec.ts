import { Catalogue } from './catalogue.js';
import { checkCatalogue, shipped } from './catalogue-files.js';

it('finds nothing wrong with the shipped catalogue', () => {
  expect(checkCatalogue(shipped)).toEqual([]);
  expect(Catalogue.shipped().providers.size).toBeGreaterThan(35);
});
