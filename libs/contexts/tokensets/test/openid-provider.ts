import { randomUUID, type webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { MadeCertificate } from '@strongroom/testing/certificates';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import type { Answer } from './provider.js';

export interface Called {
  /** Without port. */
  host: string;
  path: string;
  authorization: string | undefined;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  form: URLSearchParams;
}
type Route = (called: Called) => Answer;

/** A provider over HTTPS, by the name `idp.example` and any other that leads here; what it answers can be changed. */
export class OpenidProvider {
  readonly calls: Called[] = [];
  readonly routes: Record<string, Route> = {
    '/.well-known/openid-configuration': () => ({ status: 200, body: this.metadata }),
    '/keys': () => ({ status: 200, body: { keys: [this.publicKey] } }),
    '/token': ({ form, authorization }) =>
      authorization === this.credentials || form.get('client_secret') === 'cnry_client_secret'
        ? { status: 400, body: { error: 'invalid_grant', error_description: 'cnry_text_of_the_provider' } }
        : { status: 401, body: { error: 'invalid_client', error_description: 'cnry_text_of_the_provider' } },
  };
  metadata: Record<string, unknown>;
  readonly url: string;
  readonly port: number;
  private readonly credentials = `Basic ${Buffer.from('upstream-client:cnry_client_secret').toString('base64')}`;

  private constructor(
    private readonly server: Server,
    private readonly privateKey: webcrypto.CryptoKey,
    private readonly publicKey: JWK,
  ) {
    this.port = (server.address() as AddressInfo).port;
    this.url = `https://idp.example:${this.port}`;
    this.metadata = {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/keys`,
    };
  }

  static async start(pair: MadeCertificate): Promise<OpenidProvider> {
    const server = createServer({ ...pair });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { privateKey, publicKey } = await makeKey();
    const provider = new OpenidProvider(server, privateKey, publicKey);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const path = request.url!.split('?')[0]!;
        const { headers } = request;
        const { authorization } = headers;
        const body = Buffer.concat(chunks).toString();
        const host = request.headers.host!.split(':')[0]!;
        const called = { host, path, authorization, headers, body, form: new URLSearchParams(body) };
        provider.calls.push(called);
        const answer = provider.routes[path]?.(called) ?? { status: 404, body: 'nothing here' };
        if (answer === 'reset') return void response.destroy();
        const isText = typeof answer.body === 'string';
        response.writeHead(answer.status, {
          'content-type': isText ? 'text/html' : 'application/json',
          ...answer.headers,
        });
        response.end(isText ? answer.body : JSON.stringify(answer.body));
      });
    });
    return provider;
  }

  idToken(claims: JWTPayload): Promise<string> {
    return new SignJWT({ iss: this.url, aud: 'upstream-client', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: this.publicKey.kid! })
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(this.privateKey);
  }

  /** Shows another certificate from now on. */
  show(pair: MadeCertificate): void {
    this.server.setSecureContext({ ...pair });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

async function makeKey(): Promise<{ privateKey: webcrypto.CryptoKey; publicKey: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: randomUUID(), use: 'sig', alg: 'ES256' };
  return { privateKey, publicKey: jwk };
}
