import { Injectable } from '@nestjs/common';
import { EgressFailedError, EgressRefusedError } from '@strongroom/egress';
import { Catalogue, introspectionRequest, readIntrospection, type ResolvedProvider } from '@strongroom/providers';
import { ProviderClient } from './provider-client.js';
import { shippedUrl } from './shipped-endpoints.js';

export interface IntrospectedToken {
  accessToken: string;
  clientSecret: string | null;
  /** Database time of the answer that the token came with. */
  issuedAt: Date;
}

/** Asks how long a token lives, where the provider says it nowhere else (`noExpiry: introspect`). */
@Injectable()
export class Introspection {
  constructor(
    private readonly client: ProviderClient,
    private readonly catalogue: Catalogue,
  ) {}

  /** Undefined: it was not told, and what the entry assumes goes on. Never fails: the token is good without it. */
  async expiryOf(provider: ResolvedProvider, token: IntrospectedToken): Promise<Date | null | undefined> {
    const request = introspectionRequest(provider, token.accessToken, token.clientSecret);
    if (!request || !this.isTrusted(provider)) return undefined;
    try {
      const read = readIntrospection(provider, await this.client.request(request), token.issuedAt);
      return read.outcome === 'introspected' ? read.expiresAt : undefined;
    } catch (error) {
      if (error instanceof EgressFailedError || error instanceof EgressRefusedError) return undefined;
      throw error;
    }
  }

  /** The request carries token and secret: to where the tokens came from, or where the catalogue says. */
  private isTrusted(provider: ResolvedProvider): boolean {
    const { introspection } = provider.endpoints;
    if (introspection === undefined) return false;
    const { origin } = new URL(introspection);
    return origin === provider.tokenOrigin || origin === shippedUrl(this.catalogue, provider, 'introspection')?.origin;
  }
}
