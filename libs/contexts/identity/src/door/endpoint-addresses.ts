import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import { ClientCertificates } from './client-certificates.js';

/** By its other name the server is reached by clients that show a certificate; an address has no other name. */
export function certificateOrigin(publicUrl: PublicUrl): string {
  const url = new URL(publicUrl.origin);
  if (isIP(url.hostname) === 0 && !url.hostname.startsWith('[')) url.hostname = `mtls.${url.hostname}`;
  return url.origin;
}

/** Where an endpoint is, as clients know it. */
@Injectable()
export class EndpointAddresses {
  constructor(
    private readonly publicUrl: PublicUrl,
    private readonly certificates: ClientCertificates,
  ) {}

  /** The usual address first. */
  of(path: string): string[] {
    const isOffered = this.certificates.methods.length > 0;
    return [this.publicUrl.of(path), ...(isOffered ? [certificateOrigin(this.publicUrl) + path] : [])];
  }
}
