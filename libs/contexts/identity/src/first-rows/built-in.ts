/** Our own clients; they exist from the first start. */
export const DASHBOARD_CLIENT = 'strongroom-dashboard';
/** Signs people in on the pages of the connect flow. */
export const CONNECT_CLIENT = 'strongroom-connect';
/** Our own APIs, by id; their identifiers follow the public URL. */
export const MANAGEMENT_API = 'strongroom-management';
export const MY_ACCOUNT_API = 'strongroom-my-account';
