import type { Application } from './applications.queries.js';

export const VAULT_GRANT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token';

export type Kind = 'web' | 'spa' | 'api' | 'worker';

/** What the vault is for, each with what it cannot do without. */
export const KINDS: readonly { kind: Kind; label: string; hint: string }[] = [
  {
    kind: 'web',
    label: 'Web application or agent with a server',
    hint: 'Signs people in, connects their accounts and exchanges tokens. It keeps a secret.',
  },
  {
    kind: 'spa',
    label: 'Application in the browser or on a device',
    hint: 'Signs people in and connects their accounts. It keeps no secret, so an API exchanges for it.',
  },
  {
    kind: 'api',
    label: "An API's own client",
    hint: 'Exchanges the access tokens that the API is sent. It keeps a secret and signs nobody in.',
  },
  {
    kind: 'worker',
    label: 'Worker that acts while people are away',
    hint: 'Exchanges by requests that it signs, from its own addresses, for the connections and scopes listed here.',
  },
];

const LABELS: Record<string, string> = {
  regular_web: 'Web application',
  spa: 'Application in the browser',
  native: 'Application on a device',
  non_interactive: 'Machine',
  resource_server: "API's own client",
};
export const kindOf = ({ app_type: kind }: Application): string => LABELS[kind ?? ''] ?? kind ?? 'of no kind';

/** This page, and what asks people who they are when they connect an account. */
const DASHBOARD = 'strongroom-dashboard';
const CONNECT = 'strongroom-connect';

export const isBuiltIn = ({ client_id }: Application): boolean => [DASHBOARD, CONNECT].includes(client_id);
export const isDashboard = ({ client_id }: Application): boolean => client_id === DASHBOARD;

/** One that signs people in or exchanges; what only calls APIs for itself has no use for a connection. */
export const usesConnections = ({ client_id, grant_types }: Application): boolean =>
  client_id !== CONNECT && grant_types.some((grant) => grant !== 'client_credentials');
