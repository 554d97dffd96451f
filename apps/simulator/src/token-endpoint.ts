import { setTimeout as sleep } from 'node:timers/promises';
import { isClient } from './client-authentication.js';
import type { Grant, IssuedTokens } from './grants.js';
import { CUT, formOf, json, type Answer, type Request } from './http.js';
import type { IdTokens } from './id-tokens.js';
import type { Provider } from './provider.js';
import { challengeOf } from './secrets.js';
import type { Fault } from './settings.js';
import { claimsOf } from './people.js';

type GrantType = 'authorization_code' | 'refresh_token';
interface Redeemed {
  grant: Grant;
  tokens: IssuedTokens;
  nonce: string | null;
}

/** The token endpoint, with whatever fault was ordered for this call. */
export async function tokenEndpoint(
  provider: Provider,
  request: Request,
  idTokens: IdTokens,
): Promise<Answer | typeof CUT> {
  const form = formOf(request);
  const asked = form?.get('grant_type') ?? '';
  const grantType = asked === 'authorization_code' || asked === 'refresh_token' ? asked : null;
  provider.tokenRequests[grantType ?? 'other']++;
  provider.record(request.method, request.path, form ?? []);

  const fault = provider.nextFault(asked);
  if (fault?.delayMsBeforeCommit) await sleep(fault.delayMsBeforeCommit);
  if (fault?.reset === 'before') return CUT;
  const instead = fault && inPlace(fault);
  if (instead) return instead;

  const answer = await answerTo(provider, request, form, grantType, idTokens);
  if (fault?.delayMsAfterCommit) await sleep(fault.delayMsAfterCommit);
  return fault?.reset === 'afterCommit' ? CUT : answer;
}

async function answerTo(
  provider: Provider,
  request: Request,
  form: URLSearchParams | null,
  grantType: GrantType | null,
  idTokens: IdTokens,
): Promise<Answer> {
  if (request.method !== 'POST' || !form) return refused(400, 'invalid_request');
  if (!isClient(request, form, provider.settings)) return refused(401, 'invalid_client');
  if (!grantType) return refused(400, 'unsupported_grant_type');
  const redeemed = grantType === 'authorization_code' ? redeem(provider, form) : refresh(provider, form);
  if (typeof redeemed === 'string') return refused(400, redeemed);
  provider.committed[grantType]++;
  return json(200, await body(provider, redeemed, idTokens), { pragma: 'no-cache' });
}

function redeem(provider: Provider, form: URLSearchParams): Redeemed | string {
  const code = provider.usableCode(form.get('code') ?? '');
  if (!code || code.redirectUri !== form.get('redirect_uri')) return 'invalid_grant';
  const verifier = form.get('code_verifier');
  const proves = code.challenge === null ? verifier === null : challengeOf(verifier ?? '') === code.challenge;
  if (!proves) return 'invalid_grant';
  const grant = provider.grants.open(code.person, code.scopes);
  code.grant = grant;
  const tokens = provider.grants.issue(grant, provider.settings, provider.settings.issueRefreshToken);
  return { grant, tokens, nonce: code.nonce };
}

function refresh(provider: Provider, form: URLSearchParams): Redeemed | string {
  const token = form.get('refresh_token') ?? '';
  const grant = provider.grants.grantOf(token);
  const scopes = form.get('scope')?.split(' ').filter(Boolean);
  if (grant && scopes?.some((scope) => !grant.scopes.includes(scope))) return 'invalid_scope';
  const tokens = provider.grants.refresh(token, provider.settings, scopes);
  return grant && tokens ? { grant, tokens, nonce: null } : 'invalid_grant';
}

async function body(provider: Provider, { grant, tokens, nonce }: Redeemed, idTokens: IdTokens) {
  const { settings } = provider;
  const seconds = settings.accessTokenSeconds;
  return {
    access_token: tokens.accessToken,
    ...(settings.tokenType === null ? {} : { token_type: settings.tokenType }),
    ...(settings.expiresIn === 'absent'
      ? {}
      : { expires_in: settings.expiresIn === 'string' ? `${seconds}` : seconds }),
    ...(tokens.refreshToken === null ? {} : { refresh_token: tokens.refreshToken }),
    ...scopeMember(tokens.scopes, settings.scopeShape),
    ...(settings.issueIdToken
      ? {
          id_token: await idTokens.sign({
            issuer: provider.issuer,
            audience: settings.clientId,
            claims: {
              ...claimsOf(grant.person),
              jti: provider.grants.secret('jti'),
              ...(nonce === null ? {} : { nonce }),
            },
            now: provider.now(),
          }),
        }
      : {}),
  };
}

function scopeMember(scopes: string[], shape: Provider['settings']['scopeShape']): { scope?: string | string[] } {
  if (shape === 'absent') return {};
  return { scope: shape === 'array' ? scopes : scopes.join(shape === 'comma' ? ',' : ' ') };
}

function inPlace({ status, body: given, html, retryAfter }: Fault): Answer | null {
  if (status === undefined && html === undefined && given === undefined) return null;
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  if (html !== undefined)
    return { status: status ?? 200, headers: { 'content-type': 'text/html', ...headers }, body: html };
  return json(status ?? 200, given ?? { error: 'server_error' }, headers);
}

const refused = (status: number, error: string): Answer =>
  json(status, { error, error_description: 'The simulator refuses this request.' });
