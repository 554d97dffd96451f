import { isIP, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates, type TLSSocket } from 'node:tls';
import { event, within } from './pinned-connection.js';

/** What a server shows, whether or not it is to be trusted. */
export interface ServerCertificate {
  validFrom: Date;
  validTo: Date;
  /** Names and addresses it is for. */
  names: string[];
  /** Node's code of why a request would not be sent to it, such as CERT_HAS_EXPIRED; null: one would. */
  problem: string | null;
}

/** A handshake and nothing more: not a byte of a request is ever written to what may be anybody. */
export async function certificateOf(
  tcp: Socket,
  host: string,
  ca: readonly string[],
  withinMs: number,
  signal: AbortSignal,
): Promise<ServerCertificate> {
  const tls: TLSSocket = connectTls({
    socket: tcp,
    ...(isIP(host) ? { host } : { servername: host }),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: false, // to see it; the caller of this gets no connection
    minVersion: 'TLSv1.2',
    ...(ca.length > 0 && { ca: [...getCACertificates('default'), ...ca] }),
  });
  try {
    await within(event(tls, 'secureConnect', 'tls'), withinMs, signal);
    const shown = tls.getPeerCertificate();
    return {
      validFrom: new Date(shown.valid_from),
      validTo: new Date(shown.valid_to),
      names: (shown.subjectaltname ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, '')),
      problem: tls.authorized ? null : problemOf(tls.authorizationError),
    };
  } finally {
    tls.destroy();
  }
}

/** Typed as an Error; in fact it is the code alone, but for a wrong name. */
const problemOf = (error: unknown): string => (error as { code?: string } | null)?.code ?? String(error);
