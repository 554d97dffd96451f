/** The ledger: every event, once, in one order, never changed; and the logs and receipts that are read from it. Holds no secret. */
export { deletedTokensets } from './deleted-tokensets.js';
export { auditDatabase } from './audit.database.js';
export { AuditModule, type AuditOptions } from './audit.module.js';
