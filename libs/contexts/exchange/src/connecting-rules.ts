import type { ClientSetup } from '@strongroom/contracts';
import type { Rule } from './setup-rule.js';

const MY_ACCOUNT_SCOPES = ['create', 'read', 'delete'].map((verb) => `${verb}:me:connected_accounts`);
const holdsAll = (scopes: string[] | null): boolean =>
  scopes !== null && MY_ACCOUNT_SCOPES.every((scope) => scopes.includes(scope));
const ALL_OF_THEM = MY_ACCOUNT_SCOPES.join(', ');

/** What it takes before people connect accounts through the client (`spec/wire-contract.md` §2). */
export function ofConnecting(client: ClientSetup, audience: string): Rule[] {
  const { myAccount, myAccountGrant, refreshesForMyAccount } = client;
  const isSet =
    myAccount?.userPolicy === 'require_client_grant' &&
    myAccount.clientPolicy === 'deny_all' &&
    holdsAll(myAccount.scopes);
  const api: Rule = {
    name: 'my_account_api',
    setting: `resource_server ${audience}`,
    found: myAccount && [`user: ${myAccount.userPolicy}`, `client: ${myAccount.clientPolicy}`, ...myAccount.scopes],
    expected: `subject_type_authorization user: require_client_grant, client: deny_all; scopes ${ALL_OF_THEM}`,
    holds: isSet,
    remedy: myAccount
      ? 'PATCH the resource server such that it has these policies and scopes.'
      : 'Create the resource server with this identifier, policies and scopes: without it nothing under /me/ answers.',
  };
  const grant: Rule = {
    name: 'my_account_grant',
    setting: `client_grant ${audience}, subject_type user`,
    found: myAccountGrant,
    expected: ALL_OF_THEM,
    holds: holdsAll(myAccountGrant),
    remedy:
      'POST or PATCH the client grant with subject_type user and these scopes; one of subject_type client is another.',
  };
  return [
    {
      name: 'client_refresh_grant',
      setting: 'client.grant_types',
      found: client.grantTypes,
      expected: 'refresh_token',
      holds: client.grantTypes.includes('refresh_token'),
      remedy: 'Add refresh_token to grant_types: with one the application gets its token for the My Account API.',
    },
    {
      name: 'client_callbacks',
      setting: 'client.callbacks',
      found: client.callbacks,
      expected: 'the address that people come back to',
      holds: client.callbacks.length > 0,
      remedy: 'Add the redirect_uri of the connect request to callbacks.',
    },
    api,
    ...(myAccount ? [grant] : []),
    {
      name: 'client_my_account_tokens',
      setting: 'client.refresh_token.policies',
      found: refreshesForMyAccount,
      expected: `an entry for ${audience} with ${ALL_OF_THEM}`,
      holds: holdsAll(refreshesForMyAccount),
      remedy: 'Add the entry: else refresh tokens of the client lead to no token for the My Account API.',
    },
  ];
}
