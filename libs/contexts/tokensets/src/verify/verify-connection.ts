import { Injectable } from '@nestjs/common';
import { Egress } from '@strongroom/egress';
import { PublicUrl } from '@strongroom/http';
import { ConnectionMisconfiguredError, MissingParametersError, type ResolvedProvider } from '@strongroom/providers';
import { Connections } from '../connections.js';
import type { KnownConnection } from '../known-connection.js';
import { redirectUriOf } from '../redirect-uri.js';
import { InexistentConnectionError, MisconfiguredError } from '../tokensets.errors.js';
import { bad, type Check, good } from './check.js';
import { checkClient } from './check-client.js';
import { checkDiscovery, discoveryAt } from './check-discovery.js';
import { checkHosts } from './check-hosts.js';
import { checkKeys } from './check-keys.js';
import { checkIdentityScopes, checkRedirectUris } from './check-settings.js';
import { urlsOf } from './provider-urls.js';

export interface Verification {
  ok: boolean;
  checks: Check[];
}

/** Tries a connection for real, without a person (`spec/providers.md` §8). What a fault hides is not tried. */
@Injectable()
export class VerifyConnection {
  constructor(
    private readonly connections: Connections,
    private readonly egress: Egress,
    private readonly publicUrl: PublicUrl,
  ) {}

  /** @throws InexistentConnectionError */
  async verify(connectionId: string): Promise<Verification> {
    const connection = await this.connections.now(connectionId);
    if (!connection) throw new InexistentConnectionError();
    const redirectUris = (['connect', 'login'] as const).map((flow) =>
      redirectUriOf(this.publicUrl, connection.view.name, flow),
    );
    const checks = [...(await this.tried(connection, redirectUris[0]!)), checkRedirectUris(redirectUris)];
    return { ok: checks.every(({ ok }) => ok), checks };
  }

  private async tried(connection: KnownConnection, redirectUri: string): Promise<Check[]> {
    try {
      return await this.atProvider(connection, connection.provider({}), redirectUri);
    } catch (error) {
      if (error instanceof MissingParametersError) return [leftOut(error.parameters.map(({ name }) => name))];
      if (error instanceof ConnectionMisconfiguredError)
        return [bad('configuration', error.message, 'Correct the option that is named.')];
      throw error;
    }
  }

  private async atProvider({ view }: KnownConnection, provider: ResolvedProvider, redirectUri: string) {
    const discovery = discoveryAt(provider, view.options);
    const { urls, missing } = urlsOf(provider, discovery);
    const hosts = await checkHosts(this.egress, urls);
    const checks = [missing.length > 0 ? leftOut(missing) : good('configuration', 'complete'), ...hosts];
    if (hosts.every(({ ok }) => ok)) {
      if (discovery !== null)
        checks.push(...(await checkDiscovery(this.egress, provider, { url: discovery, stored: view.metadata })));
      checks.push(...(await checkKeys(this.egress, provider)));
      if (missing.length === 0) checks.push(...(await this.client(provider, redirectUri)));
    }
    return [...checks, ...checkIdentityScopes(provider)];
  }

  private async client(provider: ResolvedProvider, redirectUri: string): Promise<Check[]> {
    try {
      const clientSecret = await this.connections.clientSecret(provider.connectionId);
      return await checkClient(this.egress, provider, { clientSecret, redirectUri });
    } catch (error) {
      if (!(error instanceof MisconfiguredError)) throw error;
      return [bad('client_authentication', 'the stored client secret cannot be opened', 'Enter it again.')];
    }
  }
}

const leftOut = (parameters: readonly string[]): Check =>
  good('configuration', `each account brings ${parameters.join(', ')}: what is addressed by it was not tried`);
