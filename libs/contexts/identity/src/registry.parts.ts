import { Clients, People } from '@strongroom/contracts';
import { AddAccountToProfileWhenAccountConnected } from './users/add-account-to-profile-when-account-connected.js';
import { AuthenticationMethods } from './users/authentication-methods.service.js';
import { AuthenticationMethodsController } from './users/authentication-methods.controller.js';
import { ClientCredentialsController } from './clients/client-credentials.controller.js';
import { ClientCredentialsService } from './clients/client-credentials.service.js';
import { ClientConnectionsController } from './clients/client-connections.controller.js';
import { ClientGrantsController } from './apis/client-grants.controller.js';
import { ClientGrantsService } from './apis/client-grants.service.js';
import { ClientCredentialEntity, ClientEntity } from './clients/client.entity.js';
import { ClientsController } from './clients/clients.controller.js';
import { ClientsReads } from './clients/clients.reads.js';
import { ClientsService } from './clients/clients.service.js';
import { FirstAdministrator } from './first-rows/first-administrator.js';
import { FirstRows } from './first-rows/first-rows.js';
import { CreateRegistry1700000000101 } from './migrations/1700000000101-create-registry.js';
import { CompleteRegistry1700000000760 } from './migrations/1700000000760-complete-registry.js';
import { ClientPolicies1700000000830 } from './migrations/1700000000830-client-policies.js';
import { OwnRows } from './first-rows/own-rows.js';
import { Passwords } from './users/passwords.js';
import { ProfileAccountEntity } from './users/profile-account.entity.js';
import { ProfileAccounts } from './users/profile-accounts.js';
import { ClientDirectory, PeopleDirectory } from './registry-ports.js';
import { RemoveAccountFromProfileWhenAccountDisconnected } from './users/remove-account-from-profile-when-account-disconnected.js';
import { ClientGrantEntity, ResourceServerEntity } from './apis/resource-server.entity.js';
import { ResourceServersController } from './apis/resource-servers.controller.js';
import { ResourceServersService } from './apis/resource-servers.service.js';
import { MfaPoliciesController, TenantSettingsController } from './tenant/tenant-settings.controller.js';
import { TenantSettingsEntity } from './tenant/tenant-settings.entity.js';
import { TenantSettingsService } from './tenant/tenant-settings.service.js';
import { LongReads } from './users/long-reads.js';
import { UserIdentityEntity } from './users/user-identity.entity.js';
import { UserEntity } from './users/user.entity.js';
import { UsersByEmailController, UsersController } from './users/users.controller.js';
import { UsersReads } from './users/users.reads.js';
import { UsersService } from './users/users.service.js';

/** What the registry adds to the identity module: people, clients, APIs, grants, settings. */
export const registryParts = {
  controllers: [
    UsersController,
    UsersByEmailController,
    AuthenticationMethodsController,
    ClientsController,
    ClientConnectionsController,
    ClientCredentialsController,
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
    LongReads,
    AuthenticationMethods,
    ProfileAccounts,
    ClientsService,
    ClientsReads,
    ClientCredentialsService,
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
  migrations: [CreateRegistry1700000000101, CompleteRegistry1700000000760, ClientPolicies1700000000830],
};
