/** Drives a running Strongroom as apps and browsers do: over HTTP only, through the real pages. */
export { Browser, type Arrival } from './browser.js';
export { signedCertificate } from './client-certificates.js';
export { APP_STATE, connect, ConnectFlow, type ConnectedAccount } from './connect.js';
export { eventually } from './eventually.js';
export { ACCESS_TOKEN, exchange, patiently, REFRESH_TOKEN, REQUESTED, TOKEN_EXCHANGE, vaultForm } from './exchange.js';
export { Answer, Http, type Json } from './http.js';
export { addressFromEnvironment, addressToEnvironment, Installation } from './installation.js';
export { DUE, LIFE_SECONDS, LONG, SHORT, untilDue, untilOver } from './lifetimes.js';
export { askMyAccountToken, credentialsOf, login, MY_ACCOUNT_SCOPE, myAccountToken, passOwnPages } from './login.js';
export { finishedRevocations, patchOptions, revocations } from './revocations.js';
export type { Page } from './page.js';
export { Scene } from './scene.js';
export { DistributedServer } from './distributed-server.js';
export type { Server } from './server.js';
export { isDistributed, startServer } from './start-server.js';
export { StandaloneServer } from './standalone-server.js';
export {
  createApi,
  createClient,
  createConnection,
  createPerson,
  enable,
  GRACE,
  MY_ACCOUNT_SCOPES,
  type Client,
  type Connection,
  type Person,
} from './set-up.js';
export { CatalogueProvider } from './simulated-catalogue.js';
export { SimulatedProvider } from './simulated-provider.js';
export { startSimulator } from './simulator.js';
export { type Refused, SteadyLoad } from './steady-load.js';
export { lag, outOfOrder, toldRecords } from './topic-records.js';
export { isOverHttps, trust } from './trust.js';
export { challengeOf, newVerifier, unique } from './unique.js';
export { VAULT_GRANT } from './vault-grant.js';
