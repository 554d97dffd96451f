import type { Call, Fault } from './dialect.js';
import type { Grant, IssuedTokens } from './grants.js';
import type { Answer, CUT } from './http.js';
import type { Provider } from './provider.js';
import { challengeOf } from './secrets.js';
import { settingsFor } from './settings.js';

interface Redeemed {
  grant: Grant;
  tokens: IssuedTokens;
}

const GRANT_TYPES = { exchange: 'authorization_code', refresh: 'refresh_token' } as const;

/** The token endpoint. Lets one refresh of a grant in at a time, where the provider is one of those. */
export async function tokenEndpoint(
  provider: Provider,
  call: Call,
  commit: (answer: () => Promise<Answer>) => Promise<Answer | typeof CUT>,
): Promise<Answer | typeof CUT> {
  provider.tokenRequests[countedAs(call)]++;
  const grant = call.phase === 'refresh' ? provider.grants.grantOf(call.members.values?.['refresh_token'] ?? '') : null;
  if (!grant || !settingsFor(provider.settings, grant.person).serialise) return commit(() => answerTo(provider, call));
  if (grant.isBusy) return refuse(provider, call, 'race');
  grant.isBusy = true;
  try {
    return await commit(() => answerTo(provider, call));
  } finally {
    grant.isBusy = false;
  }
}

function countedAs({ phase, members: { values } }: Call): keyof Provider['tokenRequests'] {
  const type = values?.['grant_type'] ?? (values && GRANT_TYPES[phase as 'exchange' | 'refresh']);
  return type === 'authorization_code' || type === 'refresh_token' ? type : 'other';
}

async function answerTo(provider: Provider, call: Call): Promise<Answer> {
  const { dialect, settings } = provider;
  if (settings.clientDisabled) return refuse(provider, call, 'bad_client');
  const problem = await dialect.tokenProblem(call, settings);
  if (problem) return refuse(provider, call, problem);
  const phase = call.phase as 'exchange' | 'refresh';
  const redeemed = phase === 'exchange' ? redeem(provider, call) : refresh(provider, call);
  if (typeof redeemed === 'string') return refuse(provider, call, redeemed);
  provider.committed[GRANT_TYPES[phase]]++;
  return dialect.tokens({ phase, ...redeemed });
}

function redeem(provider: Provider, { members }: Call): Redeemed | Fault {
  const sent = members.values ?? {};
  const code = provider.usableCode(sent['code'] ?? '');
  if (!code || code.redirectUri !== sent['redirect_uri']) return 'dead_code';
  const verifier = sent['code_verifier'];
  const proves = code.challenge === null ? verifier === undefined : challengeOf(verifier ?? '') === code.challenge;
  if (!proves) return 'dead_code';
  const grant = provider.grants.open(code);
  code.grant = grant;
  return { grant, tokens: provider.grants.issue(grant, code.offline) };
}

function refresh(provider: Provider, call: Call): Redeemed | Fault {
  const sent = call.members.values ?? {};
  const token = sent['refresh_token'] ?? '';
  const grant = provider.grants.grantOf(token);
  const scopes = sent['scope'] === undefined ? undefined : provider.dialect.scopesIn(sent['scope']);
  if (grant && scopes?.some((scope) => !grant.scopes.includes(scope))) return 'wide_scope';
  if (grant && !provider.dialect.repeatsRedirectUri(call, grant)) return 'bad_request';
  if (grant && provider.grants.isSuspended(grant.person)) {
    grant.callsAfterDeath++;
    return 'blocked';
  }
  const tokens = provider.grants.refresh(token, scopes);
  return grant && tokens ? { grant, tokens } : 'dead_token';
}

function refuse(provider: Provider, { phase, members }: Call, fault: Fault): Answer {
  const sent = members.values ?? {};
  const person = provider.personBehind(sent);
  const echoes = person === null ? provider.settings.echoSecret : settingsFor(provider.settings, person).echoSecret;
  const echo = sent['refresh_token'] ?? sent['code'];
  return provider.dialect.refusal(phase, fault, echoes && echo !== undefined ? { echo } : {});
}
