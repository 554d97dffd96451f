import {
  type Installation,
  newVerifier,
  challengeOf,
  passOwnPages,
  type Client,
  type Person,
} from '../driver/index.js';

/** A browser goes where the library says and ends at the application's address. */
export async function arrive(person: Person, url: URL | string): Promise<URL> {
  const end = await passOwnPages(person.browser, await person.browser.visit(String(url)), person);
  if (end.page) throw new Error(`The browser ended at ${end.url.href}: ${end.page.words}`);
  return end.url;
}

type Asked = Record<'response_type' | 'client_id' | 'redirect_uri', string> & Record<string, string>;

/** What an application asks for at `/authorize` whose library builds no address. */
export function authorization(client: Client, more: Record<string, string> = {}) {
  const verifier = newVerifier();
  const query: Asked = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: client.callback,
    scope: 'openid profile email offline_access',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    ...more,
  };
  return { query, verifier };
}

export const authorizeUrl = (installation: Installation, query: Record<string, string>): string =>
  `${installation.url}/authorize?${new URLSearchParams(query).toString()}`;
