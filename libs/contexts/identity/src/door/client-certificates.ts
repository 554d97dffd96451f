import { X509Certificate } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { thumbprintOf } from '../clients/client-credentials.js';
import type { ClientCredentialEntity } from '../clients/client.entity.js';
import { sameSubject } from '../clients/subject-dn.js';

export type CertificateMethod = 'tls_client_auth' | 'self_signed_tls_client_auth';

/** What an installation does with certificates of clients. */
export abstract class ClientCertificateOptions {
  /** Whether any way is configured on which one can reach us (`spec/wire-contract.md` §1.2). */
  abstract readonly areOffered: boolean;
  /** PEM of the authorities whose certificates are good for `tls_client_auth`. */
  abstract readonly authorities: string | null;
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';

/** Whether the certificate of a connection is one that a client has registered (RFC 8705 §2). */
@Injectable()
export class ClientCertificates {
  private readonly authorities: X509Certificate[];

  constructor(private readonly options: ClientCertificateOptions) {
    this.authorities = certificates(options.authorities ?? '');
  }

  /** For discovery; empty: not offered. */
  get methods(): CertificateMethod[] {
    if (!this.options.areOffered) return [];
    return [...(this.authorities.length > 0 ? (['tls_client_auth'] as const) : []), 'self_signed_tls_client_auth'];
  }

  /** The handshake has shown that the client holds the key; the rest is decided here. */
  fits(pem: string, method: CertificateMethod, credential: ClientCredentialEntity): boolean {
    if (!this.methods.includes(method)) return false;
    const shown = new X509Certificate(pem);
    if (!isCurrent(shown)) return false;
    if (method === 'self_signed_tls_client_auth') return credential.thumbprint === thumbprintOf(shown);
    return (
      credential.subjectDn !== null &&
      sameSubject(credential.subjectDn, shown.subject) &&
      this.isIssuedByAuthority(shown)
    );
  }

  /** By one of the authorities itself: one between is listed too, or counts for nothing. */
  private isIssuedByAuthority(shown: X509Certificate): boolean {
    const usage = shown.keyUsage as string[] | undefined;
    if (usage && !usage.includes(CLIENT_AUTH) && !usage.includes(ANY_USAGE)) return false;
    return this.authorities.some(
      (authority) =>
        authority.ca && isCurrent(authority) && shown.checkIssued(authority) && shown.verify(authority.publicKey),
    );
  }
}

const isCurrent = ({ validFromDate, validToDate }: X509Certificate): boolean =>
  validFromDate.getTime() <= Date.now() && Date.now() < validToDate.getTime();

const certificates = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (one) => new X509Certificate(one),
  );
