/**
 * Moves events between contexts: at least once, in order per key, never lost. Owns outbox, relay, delivery, retries
 * and parking. Does not own what an event means; that is @strongroom/contracts.
 */
/*
 * In an app that needs no broker:
 *   migrate(busDatabase(url)), beside the contexts' own databases;
 *   InProcessMessagingModule.forRoot({ url, logger, operatorApi: true }) among the imports of the root module;
 *   await app.get(InProcessMessaging).start(app), before the app listens;
 *   await app.close(): relays stop, handlers end, then the databases close.
 * In an app that has one: KafkaMessagingModule.forRoot({ url, brokers, topicPrefix, logger }) and
 *   app.get(KafkaMessaging).start(app) in the same places.
 */
import type { Classes } from '@strongroom/persistence';
import { CreateMessaging1700000000000 } from './migrations/1700000000000-create-messaging.js';

export { BatchDelivery, Delivery } from './delivery.js';
export { busDatabase } from './in-process/bus-database.js';
export { InProcessMessaging } from './in-process/in-process-messaging.js';
export { InProcessMessagingModule } from './in-process/in-process-messaging.module.js';
export { KafkaMessaging } from './kafka/kafka-messaging.js';
export { KafkaMessagingModule } from './kafka/kafka-messaging.module.js';
export { KafkaTopics, WrongTopicError } from './kafka/kafka-topics.js';
export { RetryableError } from './messaging.errors.js';
export { MessagingModule } from './messaging.module.js';
export { OnEvent, OnEveryEvent } from './on-event.js';
export { outboxInsert, type OutboxEntry } from './outbox-insert.js';
export { Outbox } from './outbox.js';
export { uuidV7 } from './uuid-v7.js';

/** First in each context's list of migrations. */
export const messagingMigrations: Classes = [CreateMessaging1700000000000];
