import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import type { EntityManager } from 'typeorm';
import { SYSTEM } from '../actor.js';
import { CONNECT_CLIENT, DASHBOARD_CLIENT, MANAGEMENT_API, MY_ACCOUNT_API } from './built-in.js';
import { ClientGrantsService } from '../apis/client-grants.service.js';
import { isSecretOf } from '../clients/client-secret.js';
import { ClientEntity } from '../clients/client.entity.js';
import { ClientsService } from '../clients/clients.service.js';
import { MANAGEMENT_SCOPES, MY_ACCOUNT_SCOPES, OWN_PAGE_SCOPES } from './management-scopes.js';
import { connectSettings, dashboardSettings, managementApi, managementSettings, myAccountApi } from './own-settings.js';
import { ClientGrantEntity, ResourceServerEntity } from '../apis/resource-server.entity.js';
import { ResourceServersService } from '../apis/resource-servers.service.js';

/** What Strongroom brings along: its two APIs, its own clients, and the client that manages it. */
@Injectable()
export class OwnRows {
  constructor(
    private readonly clients: ClientsService,
    private readonly apis: ResourceServersService,
    private readonly grants: ClientGrantsService,
    private readonly publicUrl: PublicUrl,
  ) {}

  /** Once per installation: whatever an operator deletes or changes afterwards stays so. */
  async create(tx: EntityManager): Promise<void> {
    await this.apis.insert(tx, managementApi(this.publicUrl), SYSTEM);
    await this.apis.insert(tx, myAccountApi(this.publicUrl), SYSTEM);
    const own = { builtIn: true };
    const connect = { clientId: CONNECT_CLIENT, settings: connectSettings(this.publicUrl), secret: null };
    const dashboard = { clientId: DASHBOARD_CLIENT, settings: dashboardSettings(this.publicUrl), secret: null };
    await this.clients.insert(tx, connect, own, SYSTEM);
    await this.clients.insert(tx, dashboard, own, SYSTEM);
    const grant = {
      ...{ client_id: DASHBOARD_CLIENT, audience: this.publicUrl.myAccountAudience, subject_type: 'user' as const },
      scope: [...MY_ACCOUNT_SCOPES, ...OWN_PAGE_SCOPES],
    };
    await this.grants.insert(tx, grant, own, SYSTEM);
  }

  /** At each start: scopes that a new version brought, and the public URL if it was changed. */
  async follow(tx: EntityManager): Promise<void> {
    const lock = { mode: 'pessimistic_write' } as const;
    const management = await tx.findOneOrFail(ResourceServerEntity, { where: { id: MANAGEMENT_API }, lock });
    const { identifier, scopes } = managementApi(this.publicUrl);
    await this.apis.save(tx, management, { identifier, scopes }, SYSTEM);
    if (management.identifier === identifier) return;
    const myAccount = await tx.findOne(ResourceServerEntity, { where: { id: MY_ACCOUNT_API }, lock });
    if (myAccount) await this.apis.save(tx, myAccount, { identifier: this.publicUrl.myAccountAudience }, SYSTEM);
    const { callbacks, allowedLogoutUrls, webOrigins, refreshToken } = dashboardSettings(this.publicUrl);
    const addresses = { callbacks, allowedLogoutUrls, webOrigins, refreshToken };
    await this.clients.keep(tx, DASHBOARD_CLIENT, addresses, SYSTEM);
    await this.clients.keep(tx, CONNECT_CLIENT, { callbacks: connectSettings(this.publicUrl).callbacks }, SYSTEM);
  }

  /** At each start: the client that the configuration names, with its secret and every Management scope. */
  async keepManagementClient(tx: EntityManager, clientId: string, secret: string): Promise<void> {
    const lock = { mode: 'pessimistic_write' } as const;
    const client = await tx.findOne(ClientEntity, { where: { clientId }, lock });
    if (!client)
      await this.clients.insert(tx, { clientId, settings: managementSettings(), secret }, { builtIn: true }, SYSTEM);
    else if (!isSecretOf(client, secret)) await this.clients.setSecret(tx, client, secret, SYSTEM);
    const audience = this.publicUrl.managementAudience;
    const where = { clientId, audience, subjectType: 'client' } as const;
    const grant = await tx.findOne(ClientGrantEntity, { where, lock });
    const scope = [...MANAGEMENT_SCOPES];
    if (grant) await this.grants.save(tx, grant, { scope }, SYSTEM);
    else
      await this.grants.insert(
        tx,
        { client_id: clientId, audience, subject_type: 'client', scope },
        { builtIn: true },
        SYSTEM,
      );
  }
}
