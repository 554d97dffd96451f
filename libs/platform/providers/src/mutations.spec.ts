import { failuresOf } from '../test/failures-of.js';
import { mutationsOf, withEntry } from '../test/mutations.js';
import { Catalogue } from './catalogue.js';
import { loadFixtures } from './catalogue/fixtures.js';
import { checkEntry, readCatalogue } from './catalogue-files.js';

/** Ours only: what further fixtures leave untried is their authors' to say. */
const file = readCatalogue([]);
const { providers } = loadFixtures();

/** Overrides that no case can notice, each with its reason. */
const NOT_ASKED = 'the ID token, or a request of its own, says whose account it is: nobody is asked there';
const NOT_INTROSPECTED = 'tokens come with their end, or have none: nothing is introspected';
const NOT_COUNTED = 'read only where a lifetime counts from the time of issue';
const NO_RULE = 'no rule looks at it, and descriptions are not kept';
const FREE_CHOICE = 'the first method is the same; the others are a choice, which an administrator has anyway';
const SAID_ALREADY = 'the rules of the base say the same of it';
const OTHER_ENTRY = 'a tokenset with a refresh token is governed by another entry';
const UNNOTICED: Record<string, Record<string, string>> = {
  windowslive: {
    '/endpoints/userinfo dropped': NOT_ASKED,
    '/errors/subcode dropped': NO_RULE,
    '/errors/subcode changed': NO_RULE,
  },
  waad: {
    '/endpoints/userinfo dropped': NOT_ASKED,
    '/clientAuth/methods changed': 'keys are not offered yet: the next method is used, which the rest begins with',
    '/errors/subcode dropped': NO_RULE,
    '/errors/subcode changed': NO_RULE,
  },
  github: {
    '/endpoints/introspection dropped': NOT_INTROSPECTED,
    '/clientAuth/methods dropped': FREE_CHOICE,
    '/tokenResponse/formats changed': 'JSON is tried first, whatever the list says',
    '/errors/rules/1 dropped': OTHER_ENTRY,
    '/errors/rules/1/when/code dropped': OTHER_ENTRY,
  },
  'github-app': {
    '/endpoints/introspection dropped': NOT_INTROSPECTED,
    '/clientAuth/methods dropped': FREE_CHOICE,
    '/tokenResponse/formats changed': 'JSON is tried first, whatever the list says',
  },
  slack: { '/errors/description dropped': NO_RULE, '/errors/description changed': NO_RULE },
  'sign-in-with-slack': {
    '/endpoints/userinfo dropped': NOT_ASKED,
    '/errors/description dropped': NO_RULE,
    '/errors/description changed': NO_RULE,
  },
  salesforce: {
    '/tokenResponse/paths/issuedAt dropped': NOT_COUNTED,
    '/tokenResponse/issuedAtUnit dropped': NOT_COUNTED,
    '/errors/rules/2 dropped': SAID_ALREADY,
    '/errors/rules/2/when/descriptionMatches dropped': SAID_ALREADY,
  },
  oidc: {
    '/endpoints/issuer dropped': 'the option of the same name says it as well',
    '/endpoints/discovery dropped': 'metadata are looked for in both places an issuer may have them',
  },
  atlassian: { '/errors/rules/0/when/code changed': SAID_ALREADY },
  gitlab: {
    '/endpoints/introspection dropped': NOT_INTROSPECTED,
    '/endpoints/userinfo dropped': NOT_ASKED,
    '/tokenResponse/paths/issuedAt dropped': NOT_COUNTED,
  },
  notion: {
    '/endpoints/introspection dropped': NOT_INTROSPECTED,
    '/errors/description dropped': NO_RULE,
    '/errors/description changed': NO_RULE,
  },
  okta: { '/endpoints/introspection dropped': NOT_INTROSPECTED },
};

it.each(Object.entries(providers))('notices when an override of %s is dropped or changed', (id, fixture) => {
  const survivors: string[] = [];
  for (const { pointer, how, entry } of mutationsOf(file, id)) {
    const mutated = withEntry(file, id, entry);
    // What is refused at the start has been noticed.
    if (checkEntry(mutated, id).length === 0 && failuresOf(Catalogue.of(mutated), id, fixture).length === 0)
      survivors.push(`${pointer} ${how}`);
  }
  expect(survivors).toEqual(Object.keys(UNNOTICED[id] ?? {}));
});
