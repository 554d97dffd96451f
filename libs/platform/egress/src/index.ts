/** HTTP out. Owns the decision whom we may call and how much we take from there; knows no provider. */
export type { ServerCertificate } from './certificate.js';
export { Egress, type EgressAnswer, type EgressOptions, type EgressRequest } from './egress.js';
export { EgressFailedError, type EgressFailure, EgressRefusedError } from './egress.errors.js';
export type { EgressProxy } from './proxy.js';
