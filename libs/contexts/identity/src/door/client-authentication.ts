import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import { decodeJwt, decodeProtectedHeader, importSPKI, jwtVerify, type JWTPayload } from 'jose';
import { DataSource, In } from 'typeorm';
import { ClientCredentialEntity } from '../clients/client.entity.js';
import { InvalidClientError, InvalidRequestError } from '../authorization.errors.js';
import { AuthFailures } from './auth-failures.js';
import { ClientCertificates } from './client-certificates.js';
import { type ClientFacts, isConfidential } from './client-facts.js';
import { sameSecret } from '../hash.js';
import { Replays } from './replays.js';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const LONGEST_ASSERTION_SECONDS = 300;

/** As they stood in the request; `certificate` and `ip` as the server worked them out. */
export interface SentCredentials {
  authorization: string | null;
  certificate: string | null;
  ip: string | null;
  clientId: string | null;
  clientSecret: string | null;
  clientAssertion: string | null;
  clientAssertionType: string | null;
}

/** Who a request says it is, and the one proof it brings. */
export interface PresentedClient {
  /** Null: nothing names it; the subject token does (`spec/wire-contract.md` §1.2). */
  clientId: string | null;
  proof: { secret: string } | { assertion: string } | null;
  /** PEM; it counts where there is no other proof, because it belongs to the connection and not to the request. */
  certificate: string | null;
  address: string | null;
  /** Paths that an assertion may be made out to, beside the issuer. */
  endpoints: readonly string[];
}

/** The one client authentication of all endpoints; the library's own is not used (`spec/identity.md` §3). */
@Injectable()
export class ClientAuthentication {
  constructor(
    private readonly database: DataSource,
    private readonly publicUrl: PublicUrl,
    private readonly replays: Replays,
    private readonly certificates: ClientCertificates,
    private readonly failures: AuthFailures,
  ) {}

  /** The candidate that the proof fits: exactly one, else 401. Public clients fit without a proof. */
  async authenticate(presented: PresentedClient, candidates: ClientFacts[]): Promise<ClientFacts> {
    // One name for all that do not exist, and for a request that names none: else made-up names fill the memory of
    // failures, or an answer tells whether a token is one of ours.
    const counted = candidates.length > 0 ? presented.clientId : null;
    this.failures.refuseWaiting(counted, presented.address);
    const fitting: ClientFacts[] = [];
    for (const candidate of candidates) if (await this.fits(presented, candidate)) fitting.push(candidate);
    if (fitting.length === 1) return fitting[0]!;
    await this.failures.count(counted, presented.address);
    throw new InvalidClientError(`${fitting.length} of ${candidates.length} candidates fit`, {
      clientId: candidates.length === 1 ? candidates[0]!.clientId : null,
    });
  }

  private async fits(presented: PresentedClient, client: ClientFacts): Promise<boolean> {
    const { proof, certificate } = presented;
    if (!proof)
      return !isConfidential(client) || (certificate !== null && (await this.certificateFits(certificate, client)));
    if ('secret' in proof)
      return (
        client.secretHash !== null &&
        client.tokenEndpointAuthMethod !== null &&
        client.tokenEndpointAuthMethod !== 'none' &&
        sameSecret(client.secretHash, proof.secret)
      );
    return this.assertionFits(proof.assertion, presented.endpoints, client);
  }

  private async certificateFits(certificate: string, client: ClientFacts): Promise<boolean> {
    for (const method of ['self_signed_tls_client_auth', 'tls_client_auth'] as const)
      for (const credential of await this.credentials(client, method))
        if (this.certificates.fits(certificate, method, credential)) return true;
    return false;
  }

  private async assertionFits(assertion: string, endpoints: readonly string[], client: ClientFacts): Promise<boolean> {
    const keys = await this.credentials(client, 'private_key_jwt');
    const claims = await this.verified(assertion, endpoints, client.clientId, keys);
    if (!claims) return false;
    const left = claims.exp! - Math.floor(Date.now() / 1000);
    if (left > LONGEST_ASSERTION_SECONDS) return false;
    return this.replays.isFirst(`client-assertion:${client.clientId}:${claims.jti!}`, left + 60);
  }

  /** Those that the client's settings name for this method, and that have not ended. */
  private async credentials(
    { clientId, clientAuthenticationMethods }: ClientFacts,
    method: keyof NonNullable<ClientFacts['clientAuthenticationMethods']>,
  ): Promise<ClientCredentialEntity[]> {
    const ids = clientAuthenticationMethods?.[method]?.credentials.map(({ id }) => id) ?? [];
    if (ids.length === 0) return [];
    const rows = await this.database.getRepository(ClientCredentialEntity).findBy({ clientId, id: In(ids) });
    return rows.filter(({ expiresAt }) => expiresAt === null || expiresAt.getTime() > Date.now());
  }

  private async verified(
    assertion: string,
    endpoints: readonly string[],
    clientId: string,
    keys: ClientCredentialEntity[],
  ): Promise<JWTPayload | undefined> {
    const kid = headerKid(assertion);
    for (const { alg, pem } of keys.filter((one) => kid === undefined || one.kid === kid)) {
      if (alg === null || pem === null) continue;
      const checked = await jwtVerify(assertion, await importSPKI(pem, alg), {
        algorithms: [alg],
        issuer: clientId,
        subject: clientId,
        audience: [this.publicUrl.issuer, ...endpoints.map((path) => this.publicUrl.of(path))],
        requiredClaims: ['exp', 'jti'],
      }).catch(() => undefined);
      if (checked && typeof checked.payload.jti === 'string') return checked.payload;
    }
    return undefined;
  }
}

/** @throws InvalidRequestError for two methods at once, InvalidClientError for what cannot be read. */
export function presentedClient(
  sent: SentCredentials,
  endpoints: readonly string[] = ['/oauth/token'],
): PresentedClient {
  const { certificate, ip: address } = sent;
  const channel = { certificate, address, endpoints };
  const basic = sent.authorization === null ? null : readBasic(sent.authorization);
  if ([basic, sent.clientSecret, sent.clientAssertion].filter((one) => one !== null).length > 1)
    throw new InvalidRequestError('use one method of client authentication, not two');
  if (basic) {
    if (sent.clientId !== null && sent.clientId !== basic.clientId)
      throw new InvalidRequestError('client_id differs from the user name of the Authorization header');
    return { clientId: basic.clientId, proof: { secret: basic.secret }, ...channel };
  }
  if (sent.clientAssertion !== null) {
    if (sent.clientAssertionType !== ASSERTION_TYPE)
      throw new InvalidRequestError(`client_assertion_type must be ${ASSERTION_TYPE}`);
    const issuer = assertionIssuer(sent.clientAssertion);
    if (sent.clientId !== null && sent.clientId !== issuer)
      throw new InvalidClientError('client_id differs from iss of the assertion');
    return { clientId: issuer, proof: { assertion: sent.clientAssertion }, ...channel };
  }
  return {
    clientId: sent.clientId,
    proof: sent.clientSecret === null ? null : { secret: sent.clientSecret },
    ...channel,
  };
}

function readBasic(header: string): { clientId: string; secret: string } {
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(header.trim())?.[1];
  const decoded = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 1 || /\0|%00/.test(decoded))
    throw new InvalidClientError('the Authorization header is no Basic credential');
  try {
    return { clientId: formDecoded(decoded.slice(0, colon)), secret: formDecoded(decoded.slice(colon + 1)) };
  } catch {
    throw new InvalidClientError('the Authorization header is not form-encoded (RFC 6749 §2.3.1)');
  }
}

const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

function assertionIssuer(assertion: string): string {
  try {
    const { iss } = decodeJwt(assertion);
    if (typeof iss === 'string' && iss && !iss.includes('\0')) return iss;
  } catch {
    // not a JWT: the same answer as a wrong one
  }
  throw new InvalidClientError('client_assertion names no iss');
}

function headerKid(assertion: string): string | undefined {
  try {
    return decodeProtectedHeader(assertion).kid;
  } catch {
    return undefined;
  }
}
