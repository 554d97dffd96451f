/**
 * Moves events between contexts: at least once, in order per key, never lost. Owns outbox, relay, delivery, retries
 * and parking. Does not own what an event means; that is @strongroom/contracts.
 */
import type { Classes } from '@strongroom/persistence';
import { CreateMessaging1700000000000 } from './migrations/1700000000000-create-messaging.js';

export { BatchDelivery, Delivery } from './delivery.js';
export { RetryableError } from './messaging.errors.js';
export { MessagingModule } from './messaging.module.js';
export { OnEvent, OnEveryEvent } from './on-event.js';
export { outboxInsert, type NamedStatement, type OutboxEntry } from './outbox-insert.js';
export { Outbox } from './outbox.js';
export { uuidV7 } from './uuid-v7.js';

/** First in each context's list of migrations. */
export const messagingMigrations: Classes = [CreateMessaging1700000000000];
