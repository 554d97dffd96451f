import type { Answer } from '../http.js';
import { bearerOf } from '../call.js';
import type { Call } from '../dialect.js';
import type { Grant } from '../grants.js';
import { parsed } from '../members.js';
import type { Provider } from '../provider.js';
import { placeholdersOf } from './addresses.js';
import { isBasic } from './client-proof.js';
import { revocationOf } from './endpoints.js';
import type { EntryDialect } from './entry-dialect.js';
import { casesOf, type Entry, type Part } from './entry.js';
import { at, put } from './pointers.js';
import { hasHeaders } from './request-checks.js';

type Revocation = Entry['revocation'];

/** Ends what the provider ends when it is asked to, if it is asked as it wants to be. */
export async function revoke(provider: Provider, dialect: EntryDialect, call: Call): Promise<Answer> {
  provider.revokeCalls++;
  const how = revocationOf(dialect.part.entry);
  const members = membersSent(how, call);
  if (!members || !hasHeaders(call, dialect.part.entry.tokenRequest.headers))
    return dialect.refusal('revoke', 'bad_request');
  if (!(await isAllowed(how, dialect, call, provider))) return dialect.refusal('revoke', 'bad_client');
  const token = tokenIn(how, call, members);
  const grant = token === undefined ? grantIn(how, provider, dialect.part, members) : provider.grants.behind(token);
  if (token !== undefined && !isOfKind(how, provider, token)) return dialect.refusal('revoke', 'bad_request');
  if (!grant || grant.isDead || (token !== undefined && !provider.grants.isAlive(token))) return gone(how, dialect);
  end(how.effect, provider, grant, token);
  return done(how, dialect.part);
}

/** Null if they are not where this provider takes them from. */
function membersSent(how: Revocation, { request, members, params }: Call): Record<string, string> | null {
  if (how.in === 'query') return Object.fromEntries(request.query);
  if (how.in === 'path') return params;
  if (how.in === 'none') return how.auth === 'client' ? members.values : request.body === '' ? {} : null;
  return members.encoding === how.in ? members.values : null;
}

function isAllowed({ auth }: Revocation, dialect: EntryDialect, call: Call, { settings, grants }: Provider) {
  const { authorization = '' } = call.request.headers;
  const { basicEncoding } = dialect.part.entry.clientAuth;
  if (settings.clientDisabled) return false;
  if (auth === 'client') return dialect.isClient(call, settings);
  if (auth === 'basic-client') return isBasic(authorization, [settings.clientId, settings.clientSecret], basicEncoding);
  if (auth === 'secret_as_bearer') return authorization === `Bearer ${settings.clientSecret}`;
  // A dead token proves nothing either; what that means is said below.
  return auth === 'none' || grants.knows(bearerOf(call)) !== null || bearerOf(call) !== '';
}

function tokenIn(how: Revocation, call: Call, members: Record<string, string>): string | undefined {
  if (how.auth === 'bearer') return bearerOf(call);
  if (how.in === 'path') return tokenOf(members);
  const isToken = (template: string) => /\{(token|accessToken|refreshToken)\}/.test(template);
  const asked = Object.entries(how.params ?? { token: '{token}' });
  const [name, value] = asked.find((member) => member.some(isToken)) ?? [];
  if (name === undefined || value === undefined) return isInAddress(how) ? tokenOf(call.params) : undefined;
  for (const [sentName, sentValue] of Object.entries(members)) {
    const told = { ...toldBy(name, sentName), ...toldBy(value, sentValue) };
    const token = tokenOf(told);
    if (matcherOf(name).test(sentName) && token !== undefined) return token;
  }
  return '';
}

const isInAddress = ({ url = '' }: Revocation): boolean => /\{(token|accessToken|refreshToken)\}/.test(url);

const tokenOf = (values: Record<string, string>): string | undefined =>
  values['token'] ?? values['refreshToken'] ?? values['accessToken'];

/** A text that a template was filled to; names of members are templates too, and say which kind of token it is. */
function matcherOf(template: string): RegExp {
  const plain = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pieces = template.split(/(\{[\w-]+\})/).map((piece, index) => {
    if (index % 2 === 0) return plain(piece);
    return piece === '{hint}' ? '(refresh_token|access_token)' : '(.+)';
  });
  return new RegExp(`^${pieces.join('')}$`);
}

/** What was filled in. */
const toldBy = (template: string, text: string): Record<string, string> => {
  const values = matcherOf(template).exec(text)?.slice(1) ?? [];
  return Object.fromEntries(values.map((value, index) => [placeholdersOf(template)[index]!, value]));
};

/** Where no token is sent, values of the token answer say whose grant it is. */
function grantIn(how: Revocation, { grants }: Provider, part: Part, members: Record<string, string>): Grant | null {
  const { extras } = part.entry.tokenResponse;
  const wanted = Object.entries(how.params ?? {}).flatMap(([name, template]) =>
    placeholdersOf(template).flatMap((extra) =>
      extras[extra] === undefined ? [] : [[extras[extra], members[name]] as const],
    ),
  );
  const said = (grant: Grant): unknown => parsed(String(grant.told));
  const isIt = (grant: Grant) => wanted.every(([pointer, value]) => String(at(said(grant), pointer)) === value);
  return wanted.length === 0 ? null : (grants.live().find(isIt) ?? null);
}

function isOfKind({ token: which }: Revocation, { grants }: Provider, token: string): boolean {
  const kind = grants.knows(token);
  if (kind === null) return true;
  return which === 'refresh' ? kind === 'refresh_token' : which === 'access' ? kind === 'access_token' : true;
}

function end(effect: Revocation['effect'], { grants }: Provider, grant: Grant, token: string | undefined): void {
  if (effect === 'grant' || effect === 'project') grants.revokeAll(grant.person);
  else if (effect === 'pair' || token === undefined) grant.isDead = true;
  else if (effect === 'unknown') grants.revoke(token);
  else grants.end(token);
}

/** As it was seen, else with the first status that counts as done. */
function done(how: Revocation, part: Part): Answer {
  const seen = casesOf(part).find(
    ({ phase, expect, response }) => phase === 'revoke' && expect['outcome'] === 'revoked' && response,
  );
  if (seen?.response?.status)
    return { status: seen.response.status, headers: seen.response.headers ?? {}, body: seen.response.body ?? '' };
  const body = {};
  for (const { path, equals } of how.success ?? []) put(body, path, equals);
  const status = how.okStatuses[0] ?? 200;
  return { status, headers: { 'content-type': 'application/json' }, body: status === 204 ? '' : JSON.stringify(body) };
}

function gone(how: Revocation, dialect: EntryDialect): Answer {
  const seen = casesOf(dialect.part).find(
    ({ phase, expect, response }) => phase === 'revoke' && expect['outcome'] === 'already_gone' && response,
  );
  if (seen?.response?.status)
    return { status: seen.response.status, headers: seen.response.headers ?? {}, body: seen.response.body ?? '' };
  if (how.support === 'rfc7009') return done(how, dialect.part);
  const refusal = dialect.refusal('revoke', 'dead_token');
  return how.goneStatuses[0] === undefined ? refusal : { ...refusal, status: how.goneStatuses[0] };
}
