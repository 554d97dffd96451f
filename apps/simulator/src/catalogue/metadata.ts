import { json, type Answer } from '../http.js';
import type { Provider } from '../provider.js';
import { filled } from './addresses.js';
import type { EntryDialect, Stage } from './entry-dialect.js';

/** OpenID Connect Discovery, with every address here. What a claim of each ID token says is left open. */
export function metadata(
  { settings }: Provider,
  dialect: EntryDialect,
  { addresses }: Pick<Stage, 'addresses'>,
  params: Record<string, string>,
): Answer {
  const { entry, fixture } = dialect.part;
  const open = dialect.persona.claimNames().map((name) => {
    const { pattern, equals } = entry.params[name]!;
    const tenant = equals === undefined ? undefined : params[equals];
    return [name, tenant !== undefined && new RegExp(pattern).test(tenant) ? tenant : '{tenantid}'] as const;
  });
  const values = { ...params, client_id: settings.clientId, ...Object.fromEntries(open) };
  const here = (url: string | undefined) => url && addresses.here(filled(url, values));
  const { endpoints } = dialect;
  const all = {
    ...fixture?.given.metadata,
    issuer: here(endpoints.issuer),
    authorization_endpoint: here(endpoints.authorization),
    token_endpoint: here(endpoints.token),
    userinfo_endpoint: here(endpoints.userinfo),
    revocation_endpoint: here(endpoints.revocation),
    introspection_endpoint: here(endpoints.introspection),
    pushed_authorization_request_endpoint: here(endpoints.push),
    require_pushed_authorization_requests: settings.requirePushedAuthorization,
    jwks_uri: here(endpoints.jwks),
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: entry.scopes.map(({ value }) => value),
    token_endpoint_auth_methods_supported: entry.clientAuth.methods,
    ...(entry.pkce === 'unsupported' ? {} : { code_challenge_methods_supported: ['S256'] }),
    authorization_response_iss_parameter_supported: settings.issPromised ?? settings.iss !== 'absent',
  };
  return json(200, all);
}
