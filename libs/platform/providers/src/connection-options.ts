import type { Options } from './options.js';
import type { ClientAuthMethod, ProviderEntry, ProviderSettings } from './provider-entry.js';

/** Options under the names that set-up scripts use, said in the fields of an entry (`spec/providers.md` §8). */
export const fromOptions = (entry: ProviderEntry, options: Options): ProviderSettings =>
  withoutUndefined(entry.kind === 'oidc' ? oidcOptions(options) : oauth2Options(entry, options));

const oauth2Options = (entry: ProviderEntry, options: Options) => ({
  endpoints: {
    authorization: text(options['authorizationURL']),
    token: text(options['tokenURL']),
    userinfo: text(options['userInfoURL']),
    issuer: text(options['issuer']),
  },
  clientAuth: chosenClientAuth(options),
  pkce: options['pkce_enabled'] === true ? 'supported' : options['pkce_enabled'] === false ? 'unsupported' : undefined,
  authorization: { scopeDelimiter: scopeDelimiterIn(entry, options['useOauthSpecScope']) },
  tokenRequest: { headers: headersIn(options['customHeaders']) },
  identity: fieldsIn(options['fieldsMap'], options['userInfoURL'] === undefined ? ['token'] : ['userinfo', 'token']),
});

const oidcOptions = (options: Options) => ({
  endpoints: {
    issuer: text(options['issuer']),
    authorization: text(options['authorization_endpoint']),
    token: text(options['token_endpoint']),
    userinfo: text(options['userinfo_endpoint']),
    jwks: text(options['jwks_uri']),
  },
  clientAuth: chosenClientAuth(options),
  pkce: pkceIn(options['connection_settings']),
  idToken: { algs: algorithmsIn(options['id_token_signed_response_algs']) },
  identity: fieldsIn(options['attribute_map'], ['id_token', 'userinfo']),
});

/** Said by nobody, it is a comma where the connection describes its provider itself, and the entry's elsewhere. */
function scopeDelimiterIn({ endpoints, authorization }: ProviderEntry, isSpecified: unknown): string | undefined {
  if (typeof isSpecified === 'boolean') return isSpecified ? ' ' : ',';
  return endpoints.authorization === undefined && authorization.scopeDelimiter === ' ' ? ',' : undefined;
}

function chosenClientAuth(options: Options): { methods: ClientAuthMethod[] } | undefined {
  const chosen = text(options['token_endpoint_auth_method']);
  return chosen === undefined ? undefined : { methods: [chosen as ClientAuthMethod] };
}

/** `plain` protects nothing that S256 does not: S256 goes out for both. */
function pkceIn(settings: unknown): string | undefined {
  const chosen = (settings as { pkce?: unknown } | undefined)?.pkce;
  return chosen === 'disabled' ? 'unsupported' : chosen === 'S256' || chosen === 'plain' ? 'required' : undefined;
}

/** Never `none`, never a shared secret: whoever knows the client secret could make such a token. */
function algorithmsIn(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter((alg): alg is string => typeof alg === 'string' && /^(?:(?:RS|PS|ES)\d+|EdDSA)$/.test(alg));
}

/** `{user_id, email, name}` as pointers; a bare member name is one too. */
function fieldsIn(map: unknown, documents: string[]) {
  if (typeof map !== 'object' || map === null) return undefined;
  const fields = map as Record<string, unknown>;
  const sources = (name: string): string[] | undefined => {
    const field = text(fields[name]);
    if (field === undefined) return undefined;
    return documents.map((document) => `${document}#${field.startsWith('/') ? field : `/${field}`}`);
  };
  const email = sources('email');
  return { subject: sources('user_id'), email, label: sources('name') ?? email };
}

/** What the request itself needs to say cannot be set from outside. */
function headersIn(value: unknown): Record<string, string> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(
    Object.entries(value as Options).filter(
      (header): header is [string, string] =>
        typeof header[1] === 'string' &&
        /^[\w-]+$/.test(header[0]) &&
        !/^(?:host|connection|keep-alive|upgrade|te|trailer|expect|cookie|(?:content|transfer|proxy)-.*)$/i.test(
          header[0],
        ),
    ),
  );
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function withoutUndefined(value: object): object {
  return Object.fromEntries(
    Object.entries(value as Options)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [
        name,
        typeof member === 'object' && member !== null && !Array.isArray(member) ? withoutUndefined(member) : member,
      ]),
  );
}
