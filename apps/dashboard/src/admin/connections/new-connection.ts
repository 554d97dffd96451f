import { textOf, wordsOf } from '../parts/words.js';
import type { NewConnection } from './connections.queries.js';

const SETTING = 'setting:';

/** The body that makes it, of the fields of its form; what was left empty is left out. */
export function newConnection(provider: string, values: FormData): NewConnection {
  const shownAs = textOf(values.get('display_name'));
  const scopes = [...values.getAll('permission').map(String), ...wordsOf(values.get('scopes'))];
  return {
    name: textOf(values.get('name')),
    strategy: provider === 'own' ? textOf(values.get('provider')) : provider,
    ...(shownAs === '' ? {} : { display_name: shownAs }),
    authentication: { active: false },
    connected_accounts: { active: true, ...(namesNobody(provider, values) ? { allow_missing_user_id: true } : {}) },
    options: {
      ...given(values, ['client_id', 'client_secret']),
      ...(scopes.length > 0 ? { scope: [...new Set(scopes)].join(' ') } : {}),
      ...settings(values),
      ...described(provider, values),
    },
  };
}

const given = (values: FormData, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.map((name): [string, string] => [name, textOf(values.get(name))]).filter(([, value]) => value !== ''),
  );

const settings = (values: FormData): Record<string, string> =>
  Object.fromEntries(
    [...values.keys()]
      .filter((name) => name.startsWith(SETTING))
      .map((name): [string, string] => [name.slice(SETTING.length), textOf(values.get(name))])
      .filter(([, value]) => value !== ''),
  );

/** A described provider that nobody can be asked about: a person can connect one account of it, told by no id. */
const namesNobody = (provider: string, values: FormData): boolean =>
  provider === 'oauth2' && textOf(values.get('userInfoURL')) === '';

function described(provider: string, values: FormData): Record<string, unknown> {
  if (provider === 'oidc') return { ...given(values, ['issuer']), type: 'back_channel' };
  if (provider !== 'oauth2') return {};
  const addresses = given(values, ['authorizationURL', 'tokenURL', 'userInfoURL']);
  return {
    ...addresses,
    useOauthSpecScope: values.get('spaces') !== null,
    ...('userInfoURL' in addresses
      ? { fieldsMap: { ...given(values, ['user_id']), email: 'email', name: 'name' } }
      : {}),
  };
}
