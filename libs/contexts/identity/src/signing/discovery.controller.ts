import { Controller, Get, Header } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import type { JWK } from 'jose';
import { ClientCertificates } from '../door/client-certificates.js';
import { certificateOrigin } from '../door/endpoint-addresses.js';
import { DPOP_ALGORITHMS } from '../dpop/dpop-proof.js';
import { CLAIMS } from '../sign-in/accounts.js';
import { OIDC_SCOPES } from '../tokens/granted-apis.js';
import { EXCHANGE_GRANTS } from '../subjects/subject-client.js';
import { SigningKeys } from './signing-keys.js';

const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials', ...EXCHANGE_GRANTS];

const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'];

/** What clients learn of us (`spec/wire-contract.md` §4.1). An endpoint that is not served is not listed. */
@Controller('.well-known')
export class DiscoveryController {
  constructor(
    private readonly publicUrl: PublicUrl,
    private readonly keys: SigningKeys,
    private readonly certificates: ClientCertificates,
  ) {}

  @Get(['openid-configuration', 'oauth-authorization-server'])
  @Header('cache-control', 'public, max-age=15')
  configuration(): Record<string, unknown> {
    return {
      issuer: this.publicUrl.issuer,
      authorization_endpoint: this.publicUrl.of('/authorize'),
      token_endpoint: this.publicUrl.of('/oauth/token'),
      userinfo_endpoint: this.publicUrl.of('/userinfo'),
      jwks_uri: this.publicUrl.of('/.well-known/jwks.json'),
      revocation_endpoint: this.publicUrl.of('/oauth/revoke'),
      pushed_authorization_request_endpoint: this.publicUrl.of('/oauth/par'),
      end_session_endpoint: this.publicUrl.of('/oidc/logout'),
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      grant_types_supported: GRANTS,
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: OIDC_SCOPES,
      claims_supported: [...new Set([...Object.values(CLAIMS).flat(), 'iss', 'aud', 'exp', 'iat', 'sid', 'auth_time'])],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: [...METHODS, ...this.certificates.methods],
      token_endpoint_auth_signing_alg_values_supported: ['RS256', 'RS384', 'PS256'],
      dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
      authorization_response_iss_parameter_supported: true,
      request_uri_parameter_supported: false,
      request_parameter_supported: false,
      claims_parameter_supported: false,
      ...this.forCertificates(),
    };
  }

  @Get('jwks.json')
  @Header('cache-control', 'public, max-age=15')
  async jwks(): Promise<{ keys: JWK[] }> {
    return { keys: (await this.keys.fresh()).published };
  }

  private forCertificates(): Record<string, unknown> {
    if (this.certificates.methods.length === 0) return {};
    const at = (path: string) => certificateOrigin(this.publicUrl) + path;
    return {
      mtls_endpoint_aliases: {
        token_endpoint: at('/oauth/token'),
        revocation_endpoint: at('/oauth/revoke'),
        pushed_authorization_request_endpoint: at('/oauth/par'),
      },
    };
  }
}
