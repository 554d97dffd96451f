import { X509Certificate } from 'node:crypto';
import { type MadeCertificate, selfSigned } from '@strongroom/testing/certificates';
import * as auth0v4 from 'auth0v4';
import * as auth0v5 from 'auth0v5';
import * as auth0v6 from 'auth0v6';
import * as oidc from 'openid-client';
import {
  type Client,
  createApi,
  createClient,
  enable,
  Http,
  Installation,
  type Json,
  login,
  Scene,
  signedCertificate,
  trust,
  unique,
  VAULT_GRANT,
  vaultForm,
} from '../driver/index.js';
import { CLIENT_CERT_HEADER } from '../driver/edge.js';
import { clientAuthority, withCertificates } from './where.js';

interface Certified {
  client: Client;
  http: Http;
  /** Its certificate as the edge writes it into a header (RFC 9440). */
  written: string;
}

withCertificates('clients that show a certificate', () => {
  const installation = Installation.fromEnvironment();
  const opened: Http[] = [];
  let scene: Scene;
  let audience: string;
  let bySelfSigned: Certified;
  let byAuthority: Certified;
  beforeAll(async () => {
    trust(installation);
    scene = await Scene.create(installation);
    await scene.connect();
    ({ audience } = await createApi(installation));
    const own = await selfSigned(`CN=${unique('worker')}`);
    bySelfSigned = await certified('self_signed_tls_client_auth', 'x509_cert', { pem: own.cert }, own);
    const subject = `CN=${unique('worker')},O=Example`;
    const issued = await signedCertificate(clientAuthority!, subject);
    byAuthority = await certified('tls_client_auth', 'cert_subject_dn', { pem: issued.cert }, issued);
  });
  afterAll(async () => {
    for (const http of opened) await http.close();
    await installation.close();
  });

  const shows = (certificate: MadeCertificate): Http => {
    const http = new Http(installation.address.caFile, certificate);
    opened.push(http);
    return http;
  };

  async function certified(
    method: string,
    credential_type: string,
    credential: Json,
    certificate: MadeCertificate,
  ): Promise<Certified> {
    const client = await createClient(installation, {
      token_endpoint_auth_method: undefined,
      client_authentication_methods: { [method]: { credentials: [{ credential_type, ...credential }] } },
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials', VAULT_GRANT],
    });
    await installation.manage('POST', '/client-grants', { client_id: client.id, audience, scope: [] });
    await enable(installation, scene.connection.id, [client]);
    const written = `:${new X509Certificate(certificate.cert).raw.toString('base64')}:`;
    return { client: { ...client, secret: '' }, http: shows(certificate), written };
  }

  async function relyingParty({ client, http }: Pick<Certified, 'client' | 'http'>): Promise<oidc.Configuration> {
    const config = await oidc.discovery(
      new URL(`${installation.url}/`),
      client.id,
      { use_mtls_endpoint_aliases: true },
      oidc.TlsClientAuth(),
    );
    config[oidc.customFetch] = http.fetch;
    return config;
  }

  const both = () => [bySelfSigned, byAuthority];

  it('openid-client finds the addresses for certificates and gets tokens there, whichever kind it shows', async () => {
    for (const one of both()) {
      const config = await relyingParty(one);
      const { mtls_endpoint_aliases } = config.serverMetadata();
      expect(new URL(mtls_endpoint_aliases!.token_endpoint!).hostname).toBe('mtls.localhost');
      expect((await oidc.clientCredentialsGrant(config, { audience })).token_type).toBe('bearer');
    }
  });

  it('EX-18 and EX-21 an exchange names no client: the certificate that was shown does, not one that was written', async () => {
    for (const { client, http } of both()) {
      const { refreshToken } = await login(installation, client, scene.person, { http });
      const shown = (by: Http, headers: Record<string, string> = {}) => {
        const form = vaultForm(scene.connection.name, refreshToken);
        return by.sendForm(`https://mtls.${installation.domain}/oauth/token`, form, headers);
      };
      const [own, other] = both().map(({ written }) => ({ [CLIENT_CERT_HEADER]: written }));
      const [right, wrong] = client === bySelfSigned.client ? [own, other] : [other, own];
      for (const answer of [await shown(http), await shown(http, wrong)]) {
        expect(answer.status).toBe(200);
        expect(await scene.provider.owner(String(answer.json['access_token']))).toBe('person-1');
      }
      const stranger = shows(await selfSigned('CN=stranger'));
      for (const by of [stranger, installation.http])
        for (const answer of [await shown(by), await shown(by, right)])
          expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_client']);
    }
  });

  it('a client is not another one for showing its own certificate, nor itself without one', async () => {
    const crossed = await relyingParty({ client: byAuthority.client, http: bySelfSigned.http });
    const bare = await relyingParty({ client: bySelfSigned.client, http: installation.http });
    for (const config of [crossed, bare])
      await expect(oidc.clientCredentialsGrant(config, { audience })).rejects.toMatchObject({
        error: 'invalid_client',
        status: 401,
      });
    const stranger = shows(await selfSigned('CN=stranger'));
    const unsigned = await relyingParty({ client: byAuthority.client, http: stranger });
    await expect(oidc.clientCredentialsGrant(unsigned, { audience })).rejects.toMatchObject({
      error: 'invalid_client',
    });
  });

  it.each([
    ['4', auth0v4],
    ['5', auth0v5],
    ['6', auth0v6],
  ])(
    'LI-01 auth0 %s at mtls.{domain}, with a certificate and nothing that names it',
    async (_major, { AuthenticationClient }) => {
      for (const { client, http } of both()) {
        const { refreshToken } = await login(installation, client, scene.person, { http });
        const { oauth } = new AuthenticationClient({
          domain: installation.domain,
          clientId: client.id,
          useMTLS: true,
          fetch: http.fetch,
        });
        const own = await oauth.clientCredentialsGrant({ audience });
        expect(own.data.token_type).toBe('Bearer');
        const refreshed = await oauth.refreshTokenGrant({ refresh_token: refreshToken });
        expect(refreshed.status).toBe(200);
        const { data } = await oauth.tokenForConnection({
          connection: scene.connection.name,
          subject_token: refreshToken,
        });
        expect(await scene.provider.owner(data.access_token)).toBe('person-1');
      }
    },
  );
});
