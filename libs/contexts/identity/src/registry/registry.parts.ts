import { Clients, People } from '@strongroom/contracts';
import { AddAccountToProfileWhenAccountConnected } from './add-account-to-profile-when-account-connected.js';
import { ClientConnectionsController } from './client-connections.controller.js';
import { ClientGrantsController } from './client-grants.controller.js';
import { ClientGrantsService } from './client-grants.service.js';
import { ClientCredentialEntity, ClientEntity } from './client.entity.js';
import { ClientsController } from './clients.controller.js';
import { ClientsReads } from './clients.reads.js';
import { ClientsService } from './clients.service.js';
import { FirstAdministrator } from './first-administrator.js';
import { FirstRows } from './first-rows.js';
import { CreateRegistry1700000000101 } from './migrations/1700000000101-create-registry.js';
import { OwnRows } from './own-rows.js';
import { Passwords } from './passwords.js';
import { ProfileAccountEntity } from './profile-account.entity.js';
import { ProfileAccounts } from './profile-accounts.js';
import { ClientDirectory, PeopleDirectory } from './registry-ports.js';
import { RemoveAccountFromProfileWhenAccountDisconnected } from './remove-account-from-profile-when-account-disconnected.js';
import { ClientGrantEntity, ResourceServerEntity } from './resource-server.entity.js';
import { ResourceServersController } from './resource-servers.controller.js';
import { ResourceServersService } from './resource-servers.service.js';
import { MfaPoliciesController, TenantSettingsController } from './tenant-settings.controller.js';
import { TenantSettingsEntity } from './tenant-settings.entity.js';
import { TenantSettingsService } from './tenant-settings.service.js';
import { UserIdentityEntity } from './user-identity.entity.js';
import { UserEntity } from './user.entity.js';
import { UsersByEmailController, UsersController } from './users.controller.js';
import { UsersReads } from './users.reads.js';
import { UsersService } from './users.service.js';

/** What the registry adds to the identity module: people, clients, APIs, grants, settings. */
export const registryParts = {
  controllers: [
    UsersController,
    UsersByEmailController,
    ClientsController,
    ClientConnectionsController,
    ClientGrantsController,
    ResourceServersController,
    TenantSettingsController,
    MfaPoliciesController,
    AddAccountToProfileWhenAccountConnected,
    RemoveAccountFromProfileWhenAccountDisconnected,
  ],
  providers: [
    Passwords,
    UsersService,
    UsersReads,
    ProfileAccounts,
    ClientsService,
    ClientsReads,
    ClientGrantsService,
    ResourceServersService,
    TenantSettingsService,
    OwnRows,
    FirstAdministrator,
    FirstRows,
    ClientDirectory,
    PeopleDirectory,
    { provide: Clients, useExisting: ClientDirectory },
    { provide: People, useExisting: PeopleDirectory },
  ],
  exports: [Clients, People],
  entities: [
    UserEntity,
    UserIdentityEntity,
    ProfileAccountEntity,
    ClientEntity,
    ClientCredentialEntity,
    ResourceServerEntity,
    ClientGrantEntity,
    TenantSettingsEntity,
  ],
  migrations: [CreateRegistry1700000000101],
};
