import type { Answer, Http } from './http.js';
import type { Arrival, Browser } from './browser.js';
import type { Installation } from './installation.js';
import type { Client, Person } from './set-up.js';
import { challengeOf, newVerifier, unique } from './unique.js';

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  idToken: string;
}

export interface LoginOptions {
  audience?: string;
  scope?: string;
  /** How the client shows who it is at the token endpoint; by default with id and secret in the form. */
  /** That shows the client's certificate, by which it is known then. */
  http?: Http;
  authentication?: () => Promise<Record<string, string>> | Record<string, string>;
}

/** Answers our own pages until the browser is somewhere else: signs in as this person and consents. */
export async function passOwnPages(browser: Browser, arrival: Arrival, person: Person): Promise<Arrival> {
  let now = arrival;
  for (let i = 0; i < 4 && now.page; i++) {
    if (now.page.asksForPassword)
      now = await browser.submit(now.page, { username: person.email, password: person.password });
    else if (now.url.pathname.includes('/consent/') && now.page.hasButton('accept'))
      now = await browser.submit(now.page, { action: 'accept' });
    else return now;
  }
  return now;
}

/** Authorization code with PKCE, through the real pages. */
export async function login(
  installation: Installation,
  client: Client,
  person: Person,
  {
    audience,
    scope = 'openid profile email offline_access',
    authentication,
    http = installation.http,
  }: LoginOptions = {},
): Promise<Tokens> {
  const verifier = newVerifier();
  const state = unique('state');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: client.callback,
    scope,
    state,
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    ...(audience ? { audience } : {}),
  });
  const start = await person.browser.visit(`${installation.url}/authorize?${query.toString()}`);
  const end = await passOwnPages(person.browser, start, person);
  const code = end.url.searchParams.get('code');
  if (end.page || !code || end.url.searchParams.get('state') !== state)
    throw new Error(`The login ended at ${end.url.href}: ${end.page?.words ?? ''}`);
  const answer = await http.sendForm(`${installation.url}/oauth/token`, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: client.callback,
    code_verifier: verifier,
    ...(authentication ? await authentication() : credentialsOf(client)),
  });
  if (answer.status !== 200) throw new Error(`The code was refused: ${answer.status} ${answer.text}`);
  return {
    accessToken: String(answer.json['access_token']),
    refreshToken: String(answer.json['refresh_token']),
    idToken: String(answer.json['id_token']),
  };
}

export const credentialsOf = (client: Client): Record<string, string> => ({
  client_id: client.id,
  ...(client.secret ? { client_secret: client.secret } : {}),
});

export const MY_ACCOUNT_SCOPE =
  'openid profile email offline_access create:me:connected_accounts read:me:connected_accounts ' +
  'delete:me:connected_accounts';

/** The refresh grant for the My Account API, as the libraries ask for it. */
export const askMyAccountToken = (
  installation: Installation,
  client: Client,
  refreshToken: string,
  scope = MY_ACCOUNT_SCOPE,
): Promise<Answer> =>
  installation.token({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    audience: installation.myAccountAudience,
    scope,
    ...credentialsOf(client),
  });

export async function myAccountToken(
  installation: Installation,
  client: Client,
  refreshToken: string,
  scope?: string,
): Promise<string> {
  const answer = await askMyAccountToken(installation, client, refreshToken, scope);
  if (answer.status !== 200) throw new Error(`No My Account token: ${answer.status} ${answer.text}`);
  return String(answer.json['access_token']);
}
