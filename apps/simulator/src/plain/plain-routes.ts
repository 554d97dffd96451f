import { authorize, decide } from '../authorize.js';
import { answerCall, bearerOf } from '../call.js';
import type { Call } from '../dialect.js';
import { json, type Answer, type CUT, type Request } from '../http.js';
import type { IdTokens } from '../id-tokens.js';
import { membersOf } from '../members.js';
import { claimsOf } from '../people.js';
import type { Provider } from '../provider.js';
import type { CallPhase } from '../settings.js';
import { isClient } from './client-authentication.js';

/** A provider whose addresses are `{issuer}/authorize`, `/token`, `/userinfo` and so on. */
export async function plainRoute(
  provider: Provider,
  path: string,
  request: Request,
  idTokens: IdTokens,
): Promise<Answer | typeof CUT> {
  const url = `${provider.dialect.issuer({})}/${path}`;
  const visit = { params: {}, path: request.path };
  const call = (phase: CallPhase): Call => ({ request, phase, role: path, members: membersOf(request), params: {} });
  const answered = (phase: CallPhase, answer: () => Promise<Answer> | Answer) =>
    answerCall(provider, call(phase), { url, answer });
  switch (`${request.method} ${path}`) {
    case 'GET authorize':
      return answered('authorize', () => authorize(provider, { ...visit, query: request.query, isPushed: false }));
    case 'POST authorize':
      return decide(provider, new URLSearchParams(request.body), visit);
    case 'GET userinfo':
      return answered('identity', () => asBearer(provider, call('identity'), 'userinfoCalls', claimsOf));
    case 'GET api/messages':
      return answered('api', () => asBearer(provider, call('api'), 'apiCalls', messagesOf));
    case 'POST revoke':
      return answered('revoke', () => revoke(provider, call('revoke')));
    case 'GET jwks':
      return answered('jwks', async () => json(200, await idTokens.jwks()));
    case 'GET .well-known/openid-configuration':
      return answered('discovery', () => json(200, metadata(provider)));
  }
  if (path !== 'token') return json(404, { message: 'There is nothing here.' });
  const members = membersOf(request);
  return answerCall(provider, call(provider.dialect.tokenPhase({ members, role: path }) ?? 'exchange'), {
    url,
  });
}

const messagesOf = (person: string) => ({
  account: person,
  messages: [{ id: 'message-1', to: person, text: 'The simulator says hello.' }],
});

function asBearer(
  provider: Provider,
  call: Call,
  counter: 'userinfoCalls' | 'apiCalls',
  say: (person: string) => object,
): Answer {
  provider[counter]++;
  const grant = provider.grants.bearer(bearerOf(call));
  if (grant) return json(200, say(grant.person));
  return json(401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
}

function revoke(provider: Provider, { request, members }: Call): Answer {
  provider.revokeCalls++;
  const token = members.encoding === 'form' ? members.values?.['token'] : undefined;
  if (token === undefined) return json(400, { error: 'invalid_request' });
  if (!isClient(request, members.values!, provider.settings)) return json(401, { error: 'invalid_client' });
  provider.grants.revoke(token);
  return { status: 200, headers: {}, body: '' };
}

const metadata = ({ dialect, settings }: Provider) => {
  const issuer = dialect.issuer({});
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: settings.issPromised ?? settings.iss !== 'absent',
  };
};
