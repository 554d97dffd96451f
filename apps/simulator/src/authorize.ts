import { escaped, htmlPage, redirect, type Answer } from './http.js';
import type { Provider } from './provider.js';

export const PEOPLE = ['person-1', 'person-2', 'person-3', 'person-4'];

/** Faults that must not be answered by a redirect; null if the address may be trusted. */
function refusal(provider: Provider, asked: URLSearchParams): string | null {
  const { clientId, redirectUris } = provider.settings;
  const uri = asked.get('redirect_uri');
  if (asked.get('client_id') !== clientId) return 'client_id is not registered.';
  if (uri === null || !URL.canParse(uri)) return 'redirect_uri is missing.';
  if (redirectUris !== null && !redirectUris.includes(uri)) return 'redirect_uri is not registered.';
  return new Set(asked.keys()).size === [...asked.keys()].length ? null : 'A parameter is there twice.';
}

/** The authorization endpoint: a page to sign in and consent, or at once where it is told to answer by itself. */
export function authorize(provider: Provider, asked: URLSearchParams): Answer {
  provider.authorizeCalls++;
  const problem = refusal(provider, asked);
  if (problem) return htmlPage(400, `<h1>Not possible</h1><p>${problem}</p>`);
  if (asked.get('response_type') !== 'code') return back(provider, asked, { error: 'unsupported_response_type' });
  const method = asked.get('code_challenge_method');
  if (asked.has('code_challenge') ? method !== 'S256' : provider.settings.requirePkce)
    return back(provider, asked, { error: 'invalid_request', error_description: 'PKCE with S256 is needed' });
  const scopes = scopesOf(asked);
  const auto = provider.settings.auto ?? asked.get('auto');
  if (auto === 'deny') return back(provider, asked, { error: 'access_denied' });
  if (auto === 'accept' || auto === 'partial')
    return granted(provider, asked, provider.settings.person, auto === 'accept' ? scopes : scopes.slice(0, -1));
  return htmlPage(200, signInForm(provider, asked, scopes));
}

/** The answer of the page. */
export function decide(provider: Provider, form: URLSearchParams): Answer {
  const asked = new URLSearchParams(form.get('request') ?? '');
  const problem = refusal(provider, asked);
  if (problem) return htmlPage(400, `<h1>Not possible</h1><p>${problem}</p>`);
  if (form.get('action') !== 'accept') return back(provider, asked, { error: 'access_denied' });
  const person = form.get('person') ?? provider.settings.person;
  const scopes = scopesOf(asked).filter((scope) => form.has(`scope:${scope}`));
  return granted(provider, asked, person, scopes);
}

function granted(provider: Provider, asked: URLSearchParams, person: string, scopes: string[]): Answer {
  const code = provider.newCode({
    person,
    scopes,
    redirectUri: asked.get('redirect_uri')!,
    challenge: asked.get('code_challenge'),
    nonce: asked.get('nonce'),
  });
  return back(provider, asked, { code });
}

function back(provider: Provider, asked: URLSearchParams, answer: Record<string, string>): Answer {
  const address = new URL(asked.get('redirect_uri')!);
  for (const [name, value] of Object.entries(answer)) address.searchParams.append(name, value);
  const state = asked.get('state');
  if (state !== null) address.searchParams.append('state', state);
  const { iss } = provider.settings;
  if (iss !== 'absent')
    address.searchParams.append('iss', iss === 'right' ? provider.issuer : `${provider.issuer}/other`);
  return redirect(address.href);
}

const scopesOf = (asked: URLSearchParams): string[] => (asked.get('scope') ?? '').split(/[ ,]+/).filter(Boolean);

function signInForm(provider: Provider, asked: URLSearchParams, scopes: string[]): string {
  const { person } = provider.settings;
  const choice = (id: string) =>
    `<label><input type="radio" name="person" value="${id}"${id === person ? ' checked' : ''}> ${id}</label>`;
  const box = (scope: string) =>
    `<label><input type="checkbox" name="scope:${escaped(scope)}" value="on" checked> ${escaped(scope)}</label>`;
  const people = [...new Set([person, ...PEOPLE])].map(escaped);
  return `<h1>${escaped(provider.name)}</h1><form method="post" action="${provider.issuer}/authorize">
<input type="hidden" name="request" value="${escaped(asked.toString())}">
<fieldset><legend>Who are you?</legend>${people.map(choice).join('')}</fieldset>
<fieldset><legend>What may the app do?</legend>${scopes.map(box).join('')}</fieldset>
<button type="submit" name="action" value="accept">Allow</button>
<button type="submit" name="action" value="deny">Refuse</button></form>`;
}
