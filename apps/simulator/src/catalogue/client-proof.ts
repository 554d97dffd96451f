import { createLocalJWKSet, jwtVerify } from 'jose';
import type { Call } from '../dialect.js';
import { formDecoded } from '../members.js';
import type { ProviderSettings } from '../settings.js';
import type { Entry } from './entry.js';

type Method = Entry['clientAuth']['methods'][number];

export interface ProofRules {
  methods: readonly Method[];
  basicEncoding: 'rfc6749' | 'raw';
  /** Whom an assertion may be for. */
  audiences: string[];
  algs: string[];
  /** Assertions that were seen; each is good once. */
  seen: Set<string>;
  now: Date;
}

/** True only for the registered client, by exactly one way and one that this provider accepts. */
export async function isProven(call: Call, settings: ProviderSettings, rules: ProofRules): Promise<boolean> {
  const { authorization } = call.request.headers;
  const sent = call.members.values ?? {};
  const proofs = [authorization, sent['client_secret'], sent['client_assertion']].filter((one) => one !== undefined);
  const isOther = sent['client_id'] !== undefined && sent['client_id'] !== settings.clientId;
  if (isOther || proofs.length !== (rules.methods.includes('none') ? Math.min(1, proofs.length) : 1)) return false;
  for (const method of rules.methods) if (await proves(method, call, settings, rules)) return true;
  return false;
}

async function proves(method: Method, call: Call, settings: ProviderSettings, rules: ProofRules): Promise<boolean> {
  const sent = call.members.values ?? {};
  const { authorization = '' } = call.request.headers;
  switch (method) {
    case 'client_secret_post':
      return sent['client_id'] === settings.clientId && sent['client_secret'] === settings.clientSecret;
    case 'client_secret_basic':
      return isBasic(authorization, [settings.clientId, settings.clientSecret], rules.basicEncoding);
    case 'secret_as_basic_username':
      return isBasic(authorization, [settings.clientSecret, ''], rules.basicEncoding);
    case 'secret_as_bearer':
      return authorization === `Bearer ${settings.clientSecret}`;
    case 'none':
      return sent['client_id'] === settings.clientId && !authorization && sent['client_secret'] === undefined;
    case 'private_key_jwt':
    case 'client_secret_jwt':
      return isAsserted(method, sent, settings, rules);
    default:
      return false;
  }
}

/** RFC 6749 §2.3.1 encodes both before they are joined; `raw` providers take them as they are. */
export function isBasic(authorization: string, wanted: [string, string], encoding: 'rfc6749' | 'raw'): boolean {
  if (!/^basic /i.test(authorization)) return false;
  const pair = Buffer.from(authorization.slice(6), 'base64').toString('utf8');
  if (encoding === 'raw') return pair === wanted.join(':');
  const colon = pair.indexOf(':');
  const [name, secret] = [pair.slice(0, colon), pair.slice(colon + 1)];
  const isEncoded = /^[\w.~+%-]*$/.test(name) && /^[\w.~+%-]*$/.test(secret);
  return isEncoded && formDecoded(name) === wanted[0] && formDecoded(secret) === wanted[1];
}

/** RFC 7523, with a key that the client has registered. */
async function isAsserted(
  method: Method,
  sent: Record<string, string>,
  { clientId, clientSecret, clientKeys }: ProviderSettings,
  { audiences, algs, seen, now }: ProofRules,
): Promise<boolean> {
  if (sent['client_assertion_type'] !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') return false;
  const options = {
    issuer: clientId,
    subject: clientId,
    audience: audiences,
    currentDate: now,
    requiredClaims: ['exp', 'jti'],
  };
  const assertion = sent['client_assertion'] ?? '';
  try {
    const { payload } =
      method === 'client_secret_jwt'
        ? await jwtVerify(assertion, Buffer.from(clientSecret), { ...options, algorithms: ['HS256', 'HS384', 'HS512'] })
        : await jwtVerify(assertion, createLocalJWKSet({ keys: clientKeys }), {
            ...options,
            algorithms: algs,
          });
    const isFresh = !seen.has(payload.jti!);
    seen.add(payload.jti!);
    return isFresh;
  } catch {
    return false;
  }
}
