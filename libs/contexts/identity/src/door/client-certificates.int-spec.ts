import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type MadeCertificate, selfSigned, TestAuthority } from '@strongroom/testing/certificates';
import { ExtendedKeyUsage } from '@peculiar/x509';
import { type AuthorizationApp, startIdentity } from '../../test/authorization-app.js';
import { masterKeys } from '../../test/registry-app.js';
import { ClientCertificates } from './client-certificates.js';

const EDGE = '10.0.0.1';
const HEADER = 'client-cert';

/** As RFC 9440 writes one. */
const inHeader = ({ cert }: MadeCertificate): string => `:${new X509Certificate(cert).raw.toString('base64')}:`;

describe('clients that come with a certificate', () => {
  let identity: AuthorizationApp;
  let server: MadeCertificate;
  let authority: TestAuthority;
  let stranger: TestAuthority;
  let own: MadeCertificate;
  let bySelf: { client_id: string };
  let bySubject: { client_id: string };

  beforeAll(async () => {
    authority = await TestAuthority.make();
    stranger = await TestAuthority.make();
    server = await authority.issue('CN=server', { usage: ExtendedKeyUsage.serverAuth });
    own = await selfSigned('CN=self');
    identity = await startIdentity(masterKeys(), 'https://vault.example.com', {
      settings: { clientCertificates: { areOffered: true, authorities: authority.pem } },
      listener: {
        tls: server,
        asksForCertificates: true,
        certificateHeader: 'Client-Cert',
        trustedProxies: ['10.0.0.0/24'],
      },
    });
    await identity.api('things');
    bySelf = await machine('self_signed_tls_client_auth', { credential_type: 'x509_cert', pem: own.cert });
    bySubject = await machine('tls_client_auth', {
      credential_type: 'cert_subject_dn',
      subject_dn: 'CN=worker,O=Example',
    });
  });
  afterAll(() => identity?.stop());

  /** A client by certificate that may get tokens for an API by itself. */
  async function machine(method: string, credential: Record<string, unknown>): Promise<{ client_id: string }> {
    const client = await identity.client({
      token_endpoint_auth_method: null,
      client_authentication_methods: { [method]: { credentials: [credential] } },
    });
    const grant = { client_id: client.client_id, audience: 'things', scope: ['read:things'], subject_type: 'client' };
    expect((await identity.manage('POST', '/client-grants', grant)).status).toBe(201);
    return client;
  }

  const formOf = (client: { client_id: string }) =>
    new URLSearchParams({
      grant_type: 'client_credentials',
      audience: 'things',
      client_id: client.client_id,
    }).toString();
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

  /** Over a real connection, whose handshake proves the key. */
  const connected = (
    client: { client_id: string },
    shown: MadeCertificate | null,
    headers: Record<string, string> = {},
  ) =>
    new Promise<number>((done, failed) => {
      const { port } = identity.app.getHttpServer().address() as AddressInfo;
      const sent = request(
        {
          ...{ host: '127.0.0.1', port, path: '/oauth/token', method: 'POST', agent: false },
          ...{ servername: 'server', ca: authority.pem, checkServerIdentity: () => undefined },
          ...(shown ? { cert: shown.cert, key: shown.key } : {}),
          headers: { ...FORM, ...headers },
        },
        (answer) => {
          answer.resume();
          done(answer.statusCode!);
        },
      );
      sent.on('error', failed);
      sent.end(formOf(client));
    });

  const through = async (remoteAddress: string, client: { client_id: string }, value: string | string[]) =>
    (
      await identity.app.inject({
        ...{ method: 'POST', url: '/oauth/token', remoteAddress, payload: formOf(client) },
        headers: { ...FORM, [HEADER]: value },
      })
    ).statusCode;

  it('EX-18 and GR-18 are known by it on our own listener, whichever method they registered', async () => {
    expect(await connected(bySelf, own)).toBe(200);
    expect(await connected(bySelf, await selfSigned('CN=self'))).toBe(401);
    expect(await connected(bySelf, null)).toBe(401);
    expect(await connected(bySubject, await authority.issue('O=Example,CN=worker'))).toBe(200);
    expect(await connected(bySubject, null)).toBe(401);
    expect(await connected(bySubject, own)).toBe(401);
  });

  it.each([
    ['another subject', () => authority.issue('O=Example,CN=other')],
    ['a longer subject', () => authority.issue('O=Example,CN=worker,OU=more')],
    ['another authority of the same name', () => stranger.issue('O=Example,CN=worker')],
    ['nobody but itself', () => selfSigned('O=Example,CN=worker')],
    [
      'the authority, for a server',
      () => authority.issue('O=Example,CN=worker', { usage: ExtendedKeyUsage.serverAuth }),
    ],
    [
      'the authority, until yesterday',
      () => authority.issue('O=Example,CN=worker', { until: new Date(Date.now() - 3_600_000) }),
    ],
  ])('refuse with a certificate by %s', async (_, make) => {
    expect(await connected(bySubject, await make())).toBe(401);
  });

  it('refuse with a certificate by one that is no authority, though it is listed as one', async () => {
    const listed = await TestAuthority.make('CN=No authority', false);
    const certificates = new ClientCertificates({ areOffered: true, authorities: listed.pem });
    const { cert } = await listed.issue('CN=worker');
    expect(certificates.fits(cert, 'tls_client_auth', { subjectDn: 'CN=worker' } as never)).toBe(false);
  });

  it('EX-21 and ID-07 count in the header from the edge only', async () => {
    expect(await through(EDGE, bySelf, inHeader(own))).toBe(200);
    expect(await through(EDGE, bySelf, encodeURIComponent(own.cert))).toBe(200);
    expect(await through('203.0.113.9', bySelf, inHeader(own))).toBe(401);
    expect(await through('::ffff:203.0.113.9', bySelf, inHeader(own))).toBe(401);
    expect(await connected(bySelf, null, { [HEADER]: inHeader(own) })).toBe(401);
    // From the edge, the connection's own certificate is the edge's and not the client's.
    for (const bad of ['', '::', 'cnry', `${inHeader(own)}, ${inHeader(own)}`])
      expect(await through(EDGE, bySelf, bad)).toBe(401);
  });

  it('are listed by discovery, with the addresses for them', async () => {
    const { body } = await identity.get('/.well-known/openid-configuration');
    expect(body['token_endpoint_auth_methods_supported']).toEqual(
      expect.arrayContaining(['tls_client_auth', 'self_signed_tls_client_auth']),
    );
    expect(body['mtls_endpoint_aliases']).toMatchObject({
      token_endpoint: 'https://mtls.vault.example.com/oauth/token',
      pushed_authorization_request_endpoint: 'https://mtls.vault.example.com/oauth/par',
    });
  });
});
