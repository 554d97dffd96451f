import { useNavigate, useParams } from 'react-router';
import { Facts, Loaded, Mono, Page, Scopes, Section } from '../../ui/index.js';
import { Asked } from '../parts/asked.js';
import { type Application, useApplication, useDeleteApplication } from './applications.queries.js';
import { CheckApplication } from './check-application.js';
import { ClientSecret } from './client-secret.js';
import { GrantedApis } from './granted-apis.js';
import { isBuiltIn, kindOf, VAULT_GRANT } from './kinds.js';
import { UrlSettings } from './url-settings.js';
import { VaultPolicySection } from './vault-policy-section.js';

const GRANTS: Record<string, string> = { [VAULT_GRANT]: 'exchange at the vault' };

export function ApplicationPage() {
  const application = useApplication(useParams()['id'] ?? '');
  return (
    <Page title={application.data?.name ?? 'Application'}>
      <Loaded query={application} what="The application">
        {(one) => <Whole application={one} />}
      </Loaded>
    </Page>
  );
}

function Whole({ application }: { application: Application }) {
  const { client_id, resource_server_identifier, token_endpoint_auth_method, refresh_token } = application;
  const worker = application.token_vault_privileged_access;
  const exchanges = application.grant_types.includes(VAULT_GRANT);
  return (
    <>
      <Facts
        of={[
          ['Client ID', <Mono key="id">{client_id}</Mono>],
          ['Kind', kindOf(application)],
          ['API', resource_server_identifier && <Mono key="api">{resource_server_identifier}</Mono>],
          ['Whose', application.is_first_party ? 'your own' : "somebody else's"],
          ['Authenticates by', token_endpoint_auth_method?.replaceAll('_', ' ') ?? 'keys or certificates'],
          ['May use', <Scopes key="grants" of={application.grant_types.map((grant) => GRANTS[grant] ?? grant)} />],
          ['Signs requests from', worker && <Scopes key="from" of={worker.ip_allowlist} />],
          ['Signs requests for', worker && <Scopes key="for" of={worker.grants.map(inWords)} />],
          ['Refresh tokens', refresh_token && `${refresh_token.rotation_type}, ${refresh_token.expiration_type}`],
        ]}
      />
      {exchanges && <CheckApplication clientId={client_id} />}
      {exchanges && <VaultPolicySection application={application} />}
      <UrlSettings application={application} />
      <GrantedApis clientId={client_id} />
      {token_endpoint_auth_method?.startsWith('client_secret') && <ClientSecret application={application} />}
      {!isBuiltIn(application) && <Deletion application={application} />}
    </>
  );
}

const inWords = ({ connection, scopes }: { connection: string; scopes: string[] }): string =>
  `${connection}: ${scopes.join(' ')}`;

function Deletion({ application: { client_id, name } }: { application: Application }) {
  const navigate = useNavigate();
  const remove = useDeleteApplication(client_id);
  return (
    <Section title="Delete">
      <Asked
        danger
        deed="Delete the application"
        title={`Delete ${name}?`}
        onConfirm={async () => {
          await remove.mutateAsync();
          await navigate('/dashboard/applications');
        }}
      >
        <p>Its tokens end at once. Accounts that people connected stay.</p>
      </Asked>
    </Section>
  );
}
