import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authorize, decide } from './authorize.js';
import { isClient } from './client-authentication.js';
import { control } from './control.js';
import { formOf, json, readRequest, send, type Answer, type CUT, type Request } from './http.js';
import { IdTokens } from './id-tokens.js';
import { claimsOf } from './people.js';
import { Provider } from './provider.js';
import { tokenEndpoint } from './token-endpoint.js';

export interface Simulator {
  /** Providers live at `{origin}/{name}`, each made when first spoken to; controls at `{origin}/_control/{name}`. */
  origin: string;
  close(): Promise<void>;
}

/** Simulated providers over real HTTP, on loopback only. Port 0 takes any free one. */
export async function startSimulator({ port, now }: { port: number; now?: () => number }): Promise<Simulator> {
  const providers = new Map<string, Provider>();
  const idTokens = new IdTokens();
  let origin = '';
  const named = (name: string): Provider => {
    const provider = providers.get(name) ?? new Provider(name, `${origin}/${name}`, now);
    providers.set(name, provider);
    return provider;
  };
  const server = createServer((raw, response) => {
    readRequest(raw, origin)
      .then((request) => route(request, named, idTokens))
      .then(
        (answer) => send(response, answer),
        (error: unknown) => send(response, json(500, { message: String(error) })),
      );
  });
  await new Promise<void>((done, failed) => server.once('error', failed).listen(port, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

const NAME = /^[a-zA-Z0-9][\w.-]{0,127}$/;

async function route(
  request: Request,
  named: (name: string) => Provider,
  idTokens: IdTokens,
): Promise<Answer | typeof CUT> {
  const [first = '', second = '', ...rest] = request.path.slice(1).split('/');
  const notFound = json(404, { message: 'There is nothing here.' });
  if (first === '_control') return NAME.test(second) ? control(named(second), rest.join('/'), request) : notFound;
  if (!NAME.test(first)) return notFound;
  const provider = named(first);
  const path = [second, ...rest].join('/');
  if (path !== 'token' && path !== 'authorize') provider.record(request.method, request.path, request.query);
  switch (`${request.method} ${path}`) {
    case 'GET authorize':
      provider.record('GET', request.path, request.query);
      return authorize(provider, request.query);
    case 'POST authorize':
      return decide(provider, new URLSearchParams(request.body));
    case 'GET userinfo':
      return asBearer(provider, request, 'userinfoCalls', (person) => claimsOf(person));
    case 'GET api/messages':
      return asBearer(provider, request, 'apiCalls', (person) => ({
        account: person,
        messages: [{ id: 'message-1', to: person, text: 'The simulator says hello.' }],
      }));
    case 'POST revoke':
      return revoke(provider, request);
    case 'GET jwks':
      return json(200, await idTokens.jwks());
    case 'GET .well-known/openid-configuration':
      return json(200, metadata(provider));
    default:
      return path === 'token' ? tokenEndpoint(provider, request, idTokens) : notFound;
  }
}

function asBearer(
  provider: Provider,
  request: Request,
  counter: 'userinfoCalls' | 'apiCalls',
  say: (person: string) => object,
): Answer {
  provider[counter]++;
  const token = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const grant = provider.grants.bearer(token);
  if (grant) return json(200, say(grant.person));
  return json(401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
}

function revoke(provider: Provider, request: Request): Answer {
  provider.revokeCalls++;
  const form = formOf(request);
  if (!form?.has('token')) return json(400, { error: 'invalid_request' });
  if (!isClient(request, form, provider.settings)) return json(401, { error: 'invalid_client' });
  provider.grants.revoke(form.get('token')!);
  return { status: 200, headers: {}, body: '' };
}

const metadata = ({ issuer, settings }: Provider) => ({
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
  authorization_response_iss_parameter_supported: settings.iss !== 'absent',
});
