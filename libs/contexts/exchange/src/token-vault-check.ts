import type { ClientSetup, ConnectionView } from '@strongroom/contracts';
import { ofConnecting } from './connecting-rules.js';
import { TOKEN_EXCHANGE_GRANT, VAULT_GRANT } from './exchange.request.js';
import type { Check, Rule } from './setup-rule.js';

/** What it takes, line by line; what cannot be judged before another line is right is left out. */
export function setupChecks(client: ClientSetup, connection: ConnectionView | null, myAccount: string): Check[] {
  const rules = [
    ...ofClient(client),
    ...ofSubject(client),
    ...ofTenant(client),
    ...ofConnection(connection),
    ...ofPolicy(client, connection),
    ...ofWorker(client, connection),
    ...(signsPeopleIn(client) ? ofConnecting(client, myAccount) : []),
  ];
  return rules.map(({ holds, remedy, ...rule }) => ({ ...rule, ok: holds, remedy: holds ? null : remedy }));
}

/** The others get tokens of people, or none at all, from other applications; those connect the accounts. */
const signsPeopleIn = ({ appType }: ClientSetup): boolean =>
  appType !== 'resource_server' && appType !== 'non_interactive';

const ofClient = (client: ClientSetup): Rule[] => [
  {
    name: 'client_confidential',
    setting: 'client.token_endpoint_auth_method',
    found: client.authMethod,
    expected: 'client_secret_post, client_secret_basic, or client_authentication_methods',
    holds: client.isConfidential,
    remedy:
      'A public client cannot exchange: give it a secret or a key, or let the confidential client of its API exchange.',
  },
  {
    name: 'client_grant_type',
    setting: 'client.grant_types',
    found: client.grantTypes,
    expected: `${VAULT_GRANT}, or ${TOKEN_EXCHANGE_GRANT} for plain RFC 8693 alone`,
    holds: [VAULT_GRANT, TOKEN_EXCHANGE_GRANT].some((grant) => client.grantTypes.includes(grant)),
    remedy: 'Add the grant type of the vault to grant_types.',
  },
  {
    name: 'client_first_party',
    setting: 'client.is_first_party',
    found: client.firstParty,
    expected: 'true',
    holds: client.firstParty,
    remedy: 'Set is_first_party to true.',
  },
  {
    name: 'client_oidc_conformant',
    setting: 'client.oidc_conformant',
    found: client.oidcConformant,
    expected: 'true',
    holds: client.oidcConformant,
    remedy: 'Set oidc_conformant to true.',
  },
];

/** An API's own client brings access tokens, one that signs people in their refresh tokens. */
function ofSubject(client: ClientSetup): Rule[] {
  if (client.appType === 'resource_server')
    return [
      {
        name: 'client_own_api',
        setting: 'client.resource_server_identifier',
        found: client.ownApi?.identifier ?? null,
        expected: 'the identifier of a resource server',
        holds: client.ownApi?.exists === true,
        remedy: 'Create the resource server, or name the one whose access tokens this client brings.',
      },
    ];
  if (!signsPeopleIn(client)) return [];
  return [
    {
      name: 'client_rotation',
      setting: 'client.refresh_token.rotation_type',
      found: client.rotationType,
      expected: 'non-rotating',
      holds: client.rotationType !== 'rotating',
      remedy: 'Set refresh_token.rotation_type to non-rotating, or exchange access tokens by the client of an API.',
    },
  ];
}

const ofTenant = ({ mfaPolicies }: ClientSetup): Rule[] => [
  {
    name: 'mfa_policy',
    setting: 'guardian.policies',
    found: mfaPolicies,
    expected: 'a list without all-applications',
    holds: !mfaPolicies.includes('all-applications'),
    remedy: 'PUT [] to /api/v2/guardian/policies, and set require_mfa_at_login where a second factor is wanted.',
  },
];

function ofConnection(connection: ConnectionView | null): Rule[] {
  const exists: Rule = {
    name: 'connection_exists',
    setting: 'connection.name',
    found: connection?.name ?? null,
    expected: 'the name of a connection',
    holds: connection !== null,
    remedy: 'Create the connection, or correct its name; it is the name that counts, not the id.',
  };
  if (!connection) return [exists];
  return [
    exists,
    {
      name: 'connection_enabled',
      setting: 'connection.clients',
      found: connection.enabledForClient,
      expected: 'true',
      holds: connection.enabledForClient,
      remedy: 'Enable the client: PATCH /api/v2/connections/{id}/clients.',
    },
    {
      name: 'connection_vault',
      setting: 'connection.connected_accounts.active',
      found: connection.vaultActive,
      expected: 'true',
      holds: connection.vaultActive,
      remedy: 'Set connected_accounts.active of the connection to true.',
    },
  ];
}

function ofPolicy({ policy }: ClientSetup, connection: ConnectionView | null): Rule[] {
  const { connections = null, scopes = null, expiresAt = null } = policy ?? {};
  const lists: Rule = {
    name: 'policy_connections',
    setting: 'client.vault_policy.connections',
    found: connections,
    expected: 'absent, or with this connection',
    holds: connections === null || (connection !== null && connections.includes(connection.name)),
    remedy: 'Add the connection to vault_policy.connections, or take that member away.',
  };
  return [
    ...(connection ? [lists] : []),
    {
      name: 'policy_scopes',
      setting: 'client.vault_policy.scopes',
      found: scopes,
      expected: 'absent, or not empty',
      holds: scopes === null || scopes.length > 0,
      remedy: 'Add the scopes that the client may have to vault_policy.scopes, or take that member away.',
    },
    {
      name: 'policy_end',
      setting: 'client.vault_policy.expires_at',
      found: expiresAt,
      expected: 'absent, or in the future',
      holds: expiresAt === null || Date.parse(expiresAt) > Date.now(),
      remedy: 'Set vault_policy.expires_at to a later instant, or take that member away.',
    },
  ];
}

/** Only where the client is set up as a privileged worker at all. */
function ofWorker({ worker }: ClientSetup, connection: ConnectionView | null): Rule[] {
  if (!worker) return [];
  const listed = worker.grants.map((grant) => grant.connection);
  const grants: Rule = {
    name: 'worker_connection',
    setting: 'client.token_vault_privileged_access.grants',
    found: listed,
    expected: 'a list with this connection',
    holds: connection !== null && listed.includes(connection.name),
    remedy: 'Add the connection, with the scopes that the worker may have.',
  };
  return [
    {
      name: 'worker_addresses',
      setting: 'client.token_vault_privileged_access.ip_allowlist',
      found: worker.addresses,
      expected: 'a list that is not empty',
      holds: worker.addresses.length > 0,
      remedy: 'Add the addresses that the worker calls from.',
    },
    ...(connection ? [grants] : []),
  ];
}
