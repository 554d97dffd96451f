import type { Dialect } from './dialect.js';
import { escaped, htmlPage, redirect, type Answer } from './http.js';
import type { Provider } from './provider.js';
import { settingsFor } from './settings.js';
import { signInForm } from './sign-in-form.js';
import type { Visit } from './visit.js';

/** Faults that must not be answered by a redirect; null if the address may be trusted. */
function refusal({ settings }: Provider, asked: URLSearchParams): string | null {
  const uri = asked.get('redirect_uri');
  if (asked.get('client_id') !== settings.clientId) return 'client_id is not registered.';
  if (settings.clientDisabled) return 'This client is disabled.';
  if (uri === null || !URL.canParse(uri)) return 'redirect_uri is missing.';
  if (settings.redirectUris !== null && !settings.redirectUris.includes(uri)) return 'redirect_uri is not registered.';
  return new Set(asked.keys()).size === [...asked.keys()].length ? null : 'A parameter is there twice.';
}

const notPossible = (problem: string): Answer => htmlPage(400, `<h1>Not possible</h1><p>${escaped(problem)}</p>`);

/** The authorization endpoint: a page to sign in and consent, or at once where it is told to answer by itself. */
export function authorize(provider: Provider, visit: Visit): Answer {
  provider.authorizeCalls++;
  const { dialect, settings } = provider;
  const asked = visit.query;
  const problem = refusal(provider, asked);
  if (problem) return notPossible(problem);
  if (asked.get('response_type') !== 'code') return back(provider, visit, [['error', 'unsupported_response_type']]);
  const scopes = dialect.scopesOf(visit);
  const wrong =
    settings.requirePushedAuthorization && !visit.isPushed
      ? 'the request must be pushed'
      : dialect.problemOf(visit, settings);
  if (wrong !== null)
    return back(provider, visit, [
      ['error', 'invalid_request'],
      ['error_description', wrong],
    ]);
  if (scopes === null) return back(provider, visit, [['error', 'invalid_scope']]);
  const auto = settings.auto ?? asked.get('auto');
  if (auto === 'deny') return back(provider, visit, dialect.denial());
  if (auto === 'accept' || auto === 'partial')
    return granted(provider, visit, personByItself(provider), auto === 'accept' ? scopes : lessOf(scopes, dialect));
  return htmlPage(200, signInForm(provider, visit, scopes));
}

/** The answer of the page. */
export function decide(provider: Provider, form: URLSearchParams, place: Omit<Visit, 'query' | 'isPushed'>): Answer {
  const visit = { ...place, query: new URLSearchParams(form.get('request') ?? ''), isPushed: true };
  const problem = refusal(provider, visit.query);
  if (problem) return notPossible(problem);
  if (form.get('action') !== 'accept') return back(provider, visit, provider.dialect.denial());
  const person = form.get('person') ?? provider.settings.person;
  const scopes = (provider.dialect.scopesOf(visit) ?? []).filter((scope) => form.has(`scope:${scope}`));
  return granted(provider, visit, person, scopes);
}

const lessOf = (scopes: string[], dialect: Dialect): string[] => {
  const withheld = scopes.findLast((scope) => !dialect.isNeeded(scope));
  return scopes.filter((scope) => scope !== withheld);
};

const personByItself = ({ settings, grants }: Provider): string =>
  (grants.hasGrantOfAnybody() ? settings.switchAccount : null) ?? settings.person;

function granted(provider: Provider, visit: Visit, person: string, ticked: string[]): Answer {
  const { dialect, grants } = provider;
  if (grants.isSuspended(person)) return back(provider, visit, [['error', 'access_denied']]);
  const settings = settingsFor(provider.settings, person);
  const asked = dialect.scopesOf(visit) ?? [];
  const scopes = ticked.filter(
    (scope) => dialect.isNeeded(scope) || (settings.partialConsent?.includes(scope) ?? true),
  );
  const consent = {
    person,
    asked,
    scopes,
    redirectUri: visit.query.get('redirect_uri')!,
    nonce: visit.query.get('nonce'),
    offline: dialect.isOffline(visit, scopes, settings),
    params: { ...visit.params, ...dialect.paramsOf(visit) },
  };
  const code = provider.newCode(consent, visit.query.get('code_challenge'));
  return back(provider, visit, [[dialect.codeParam, code], ...dialect.callback(consent)]);
}

function back({ dialect, settings }: Provider, { query, params }: Visit, members: [string, string][]): Answer {
  const state = query.get('state');
  const said: [string, string][] = [...members, ...(state === null ? [] : [['state', state] as [string, string]])];
  const issuer = dialect.issuer(params);
  const iss: Record<typeof settings.iss, string[]> = {
    right: [issuer],
    wrong: [`${issuer}/other`],
    absent: [],
    twice: [issuer, issuer],
  };
  said.push(...iss[settings.iss].map((value) => ['iss', value] as [string, string]));
  const address = new URL(query.get('redirect_uri')!);
  for (const [name, value] of [...said, ...dialect.signature(said, settings)]) address.searchParams.append(name, value);
  return redirect(address.href);
}
