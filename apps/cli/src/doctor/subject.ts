import type { ServiceName } from '@strongroom/contracts';

/** What is known of one service: from its own environment, or from the operator's directory of secrets. */
export interface Subject {
  service: ServiceName;
  /** Under the service's role; null: its settings do not tell. */
  databaseUrl: string | null;
  serviceKey: string | null;
  serviceKeys: string | null;
  /** Undefined: this service has none. */
  masterKeys: string | null | undefined;
}

/** Everything that is looked at. Null: the settings do not tell, or tell wrongly. */
export interface Surroundings {
  subjects: Subject[];
  /** Files that hold secrets. */
  files: string[];
  brokers: string[] | null;
  topicPrefix: string;
  topics: { partitions: number; replication: number; historyDays: number };
  /** Catalogue entries of the operator. */
  providersFiles: readonly string[];
  redisUrl: string | null;
  publicUrl: string | null;
}
