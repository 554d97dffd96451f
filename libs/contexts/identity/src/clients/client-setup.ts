import type { ClientSetup } from '@strongroom/contracts';
import type { DataSource } from 'typeorm';
import { ClientGrantEntity, ResourceServerEntity } from '../apis/resource-server.entity.js';
import { isConfidential } from '../door/client-facts.js';
import { TenantSettingsEntity } from '../tenant/tenant-settings.entity.js';
import { ClientEntity } from './client.entity.js';
import { vaultPolicyOf } from './vault-policy.js';

/** Looks up what an administrator has to set for a client that exchanges, wherever it is kept. */
export async function clientSetup(
  { manager: database }: DataSource,
  clientId: string,
  audience: string,
): Promise<ClientSetup | null> {
  const client = await database.findOneBy(ClientEntity, { clientId });
  if (!client) return null;
  const { resourceServerIdentifier: identifier, tokenVaultPrivilegedAccess: privileged } = client;
  const [myAccount, grant, settings, ownApiExists] = await Promise.all([
    database.findOneBy(ResourceServerEntity, { identifier: audience }),
    database.findOneBy(ClientGrantEntity, { clientId, audience, subjectType: 'user' }),
    database.findOneBy(TenantSettingsEntity, { id: 1 }),
    identifier !== null && database.existsBy(ResourceServerEntity, { identifier }),
  ]);
  const offered = myAccount?.scopes.map(({ value }) => value) ?? [];
  return {
    clientId,
    appType: client.appType,
    authMethod: client.tokenEndpointAuthMethod,
    isConfidential: isConfidential(client),
    grantTypes: client.grantTypes,
    firstParty: client.isFirstParty,
    oidcConformant: client.oidcConformant,
    callbacks: client.callbacks,
    rotationType: client.refreshToken?.rotation_type ?? null,
    refreshesForMyAccount: client.refreshToken?.policies?.find((one) => one.audience === audience)?.scope ?? null,
    ownApi: identifier === null ? null : { identifier, exists: ownApiExists },
    policy: client.vaultPolicy && vaultPolicyOf(client.vaultPolicy),
    worker: privileged && { addresses: privileged.ip_allowlist, grants: privileged.grants },
    mfaPolicies: settings?.mfaPolicies ?? [],
    myAccount: myAccount && {
      userPolicy: myAccount.userPolicy,
      clientPolicy: myAccount.clientPolicy,
      scopes: offered,
    },
    myAccountGrant: grant && (grant.allowAllScopes ? offered : grant.scope),
  };
}
