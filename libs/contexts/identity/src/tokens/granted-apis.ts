import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { ClientGrantEntity, ResourceServerEntity } from '../apis/resource-server.entity.js';
import { TenantSettingsEntity } from '../tenant/tenant-settings.entity.js';

const URN = 'urn:strongroom:api:';

/** Scopes of OpenID Connect: granted beside those of any API. */
export const OIDC_SCOPES = ['openid', 'profile', 'email', 'phone', 'offline_access'] as const;
export const isOidcScope = (scope: string): boolean => (OIDC_SCOPES as readonly string[]).includes(scope);

/** How the library names an API: it wants absolute URIs, identifiers may be any text. */
export const apiUrn = (api: Pick<ResourceServerEntity, 'id'>): string => URN + api.id;

/** APIs, and what clients and people may be given of them. */
@Injectable()
export class Apis {
  constructor(
    private readonly database: DataSource,
    private readonly publicUrl: PublicUrl,
  ) {}

  byIdentifier(identifier: string): Promise<ResourceServerEntity | null> {
    return this.database.getRepository(ResourceServerEntity).findOneBy({ identifier });
  }

  byUrn(urn: string): Promise<ResourceServerEntity | null> {
    return this.database.getRepository(ResourceServerEntity).findOneBy({ id: urn.slice(URN.length) });
  }

  /** The API of sign-ins that name none; '': none. */
  async defaultAudience(): Promise<string> {
    const settings = await this.database.getRepository(TenantSettingsEntity).findOneBy({ id: 1 });
    return settings?.defaultAudience ?? '';
  }

  isManagement(api: Pick<ResourceServerEntity, 'identifier'>): boolean {
    return api.identifier === this.publicUrl.managementAudience;
  }

  /** Scopes of the API that a person may allow this client; null: none, not even a token. */
  async scopesForPeople(clientId: string, api: ResourceServerEntity): Promise<string[] | null> {
    if (api.userPolicy === 'deny_all') return null;
    const all = api.scopes.map(({ value }) => value);
    return api.userPolicy === 'allow_all' ? all : this.granted(clientId, api, 'user', all);
  }

  /** Scopes that the client itself holds; null: it may not call this API. */
  async scopesForClient(clientId: string, api: ResourceServerEntity): Promise<string[] | null> {
    if (api.clientPolicy === 'deny_all') return null;
    return this.granted(
      clientId,
      api,
      'client',
      api.scopes.map(({ value }) => value),
    );
  }

  private async granted(
    clientId: string,
    api: ResourceServerEntity,
    subjectType: ClientGrantEntity['subjectType'],
    all: string[],
  ): Promise<string[] | null> {
    const grant = await this.database
      .getRepository(ClientGrantEntity)
      .findOneBy({ clientId, audience: api.identifier, subjectType });
    if (!grant) return null;
    return grant.allowAllScopes ? all : all.filter((scope) => grant.scope.includes(scope));
  }
}
