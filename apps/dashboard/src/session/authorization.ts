import * as oauth from 'oauth4webapi';
import { type Area, AREAS } from './area.js';

const CLIENT: oauth.Client = { client_id: 'strongroom-dashboard' };

/** The page of the server that it is from; no other is ever asked. */
const server = (): oauth.AuthorizationServer => ({
  issuer: `${location.origin}/`,
  authorization_endpoint: `${location.origin}/authorize`,
  token_endpoint: `${location.origin}/oauth/token`,
  jwks_uri: `${location.origin}/.well-known/jwks.json`,
  authorization_response_iss_parameter_supported: true,
});

const overPlainHttp = () => ({
  // A developer's machine: the page itself came the same way.
  [oauth.allowInsecureRequests]: location.protocol === 'http:',
  [oauth.customFetch]: (url: string, options: RequestInit) => fetch(url, { ...options, credentials: 'omit' }),
});

export interface Tokens {
  accessToken: string;
  /** In milliseconds of this machine's clock. */
  expiresAt: number;
  refreshToken: string | null;
  /** Absent in the answer to a refresh. */
  who: Who | null;
}

export interface Who {
  sub: string;
  name: string;
  sid: string | null;
}

export interface Request {
  url: URL;
  state: string;
  verifier: string;
}

export interface Proof extends Pick<Request, 'state' | 'verifier'> {
  challenge: string;
}

/** What a redirect is known by when it comes back. */
export async function newProof(): Promise<Proof> {
  const verifier = oauth.generateRandomCodeVerifier();
  return { state: oauth.generateRandomState(), verifier, challenge: await oauth.calculatePKCECodeChallenge(verifier) };
}

/** What to send a browser to, or a frame. */
export async function authorizationRequest(area: Area, extra: Record<string, string> = {}): Promise<Request> {
  const { audience, scope, callback } = AREAS[area];
  const { state, verifier, challenge } = await newProof();
  const url = new URL(server().authorization_endpoint!);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT.client_id,
    redirect_uri: location.origin + callback,
    audience: location.origin + audience,
    scope,
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...extra,
  }).toString();
  return { url, state, verifier };
}

/** @throws oauth.AuthorizationResponseError for a refusal, whose `error` says which */
export async function redeem(
  area: Area,
  parameters: URLSearchParams,
  { state, verifier }: Pick<Request, 'state' | 'verifier'>,
): Promise<Tokens> {
  const checked = oauth.validateAuthResponse(server(), CLIENT, parameters, state);
  const answer = await oauth.authorizationCodeGrantRequest(
    server(),
    CLIENT,
    oauth.None(),
    checked,
    location.origin + AREAS[area].callback,
    verifier,
    overPlainHttp(),
  );
  return tokensOf(await oauth.processAuthorizationCodeResponse(server(), CLIENT, answer, { requireIdToken: true }));
}

/** @throws oauth.ResponseBodyError where it is over */
export async function refresh(refreshToken: string): Promise<Tokens> {
  const answer = await oauth.refreshTokenGrantRequest(server(), CLIENT, oauth.None(), refreshToken, overPlainHttp());
  return tokensOf(await oauth.processRefreshTokenResponse(server(), CLIENT, answer));
}

function tokensOf(answer: oauth.TokenEndpointResponse): Tokens {
  const claims = oauth.getValidatedIdTokenClaims(answer);
  const named = [claims?.['name'], claims?.['email']].find((one) => typeof one === 'string' && one !== '');
  return {
    accessToken: answer.access_token,
    expiresAt: Date.now() + (answer.expires_in ?? 60) * 1000,
    refreshToken: answer.refresh_token ?? null,
    who: claims
      ? {
          sub: claims.sub,
          name: typeof named === 'string' ? named : claims.sub,
          sid: typeof claims['sid'] === 'string' ? claims['sid'] : null,
        }
      : null,
  };
}
