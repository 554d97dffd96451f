import type { IncomingMessage } from 'node:http';
import { clientAddress, clientCertificate, setSender } from '@strongroom/http';

const ADDRESS = 'x-strongroom-client-address';
const CERTIFICATE = 'x-strongroom-client-certificate';

/** Where a request came from, for the service that it is handed on to. */
export const senderHeaders = (request: IncomingMessage): Record<string, string> => {
  const [address, certificate] = [clientAddress(request), clientCertificate(request)];
  return {
    ...(address === null ? {} : { [ADDRESS]: address }),
    ...(certificate === null ? {} : { [CERTIFICATE]: encodeURIComponent(certificate.pem) }),
  };
};

/** Believed because of who hands it on: only one of our own services gets this far. On any other listener it is not read. */
export function takeSender(request: IncomingMessage): void {
  const { [ADDRESS]: address, [CERTIFICATE]: certificate } = request.headers;
  delete request.headers[ADDRESS];
  delete request.headers[CERTIFICATE];
  if (typeof address !== 'string') return;
  const shown = typeof certificate === 'string' ? { pem: decodeURIComponent(certificate) } : null;
  setSender(request, { address, certificate: shown });
}
