import { failuresOf } from '../test/failures-of.js';
import { Catalogue } from './catalogue.js';
import { loadFixtures } from './catalogue/fixtures.js';
import { classifyTransport } from './classify.js';

const filesIn = (name: string): string[] => (process.env[name] ?? '').split(',').filter((file) => file !== '');

/** Further catalogue and fixture files are tried in the same way: no provider has a test of its own. */
const catalogue = Catalogue.load(filesIn('STRONGROOM_PROVIDERS_FILE'));
const { providers } = loadFixtures(filesIn('STRONGROOM_TEST_PROVIDER_FIXTURES'));

it.each(Object.entries(providers))('speaks to %s exactly as its fixture has it', (id, fixture) => {
  expect(failuresOf(catalogue, id, fixture)).toEqual([]);
});

it('notices a fixture that the engine does not fulfil', () => {
  const [id, fixture] = Object.entries(providers)[0]!;
  const spoilt = { ...fixture, given: { ...fixture.given, state: 'other' } };
  expect(failuresOf(catalogue, id, spoilt)).not.toEqual([]);
});

it('reads a connection that broke as a passing fault', () => {
  expect(classifyTransport({ sent: 'maybe' })).toMatchObject({ class: 'retry', code: null, sent: 'maybe' });
});
