import { Injectable } from '@nestjs/common';
import type { PushRequest } from '@strongroom/contracts';
import { EgressFailedError } from '@strongroom/egress';
import { pushedAuthorizationRequest, readPushedAnswer, type ResolvedProvider } from '@strongroom/providers';
import { Connections } from './connections.js';
import { ProviderClient } from './provider-client.js';
import { MisconfiguredError, PushRefusedError, RedeemUnavailableError } from './tokensets.errors.js';

const TRANSIENT = ['retry', 'rate_limited', 'malformed'];

/** Lodges authorization requests (RFC 9126): here, because the client has to authenticate itself. */
@Injectable()
export class PushAuthorization {
  constructor(
    private readonly connections: Connections,
    private readonly client: ProviderClient,
  ) {}

  async push({ connectionId, params, members }: PushRequest): Promise<{ requestUri: string; expiresIn: number }> {
    const connection = await this.connections.now(connectionId);
    const provider = connection?.expecting({ user: params })?.provider;
    if (!provider?.pushedEndpoint) throw new MisconfiguredError(new Error('nothing takes pushed requests here'));
    const clientSecret = await this.connections.clientSecret(connectionId);
    const read = await this.answer(provider, members, clientSecret);
    if (read.outcome === 'pushed') return { requestUri: read.requestUri, expiresIn: read.expiresIn };
    if (read.class === 'client_config') throw new MisconfiguredError();
    throw TRANSIENT.includes(read.class) ? new RedeemUnavailableError() : new PushRefusedError();
  }

  private async answer(provider: ResolvedProvider, members: [string, string][], clientSecret: string | null) {
    try {
      const request = pushedAuthorizationRequest(provider, members, clientSecret);
      return readPushedAnswer(provider, await this.client.request(request), new Date());
    } catch (error) {
      throw error instanceof EgressFailedError ? new RedeemUnavailableError(error) : error;
    }
  }
}
