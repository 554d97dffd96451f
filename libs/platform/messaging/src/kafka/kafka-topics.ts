import { setTimeout as sleep } from 'node:timers/promises';
import { topics as contracts } from '@strongroom/contracts';
import { type Admin, KafkaClient, type KafkaClientOptions, TOPIC_CONFIG } from './kafka.js';
import { type DrainedRecord, drain } from './kafka-drain.js';
import { lagOf } from './kafka-lag.js';
import { KafkaNames } from './kafka-names.js';

export interface TopicSettings {
  partitions: number;
  replication: number;
  /** For so long every event is kept; compacted topics then keep the last of each key. */
  historyDays: number;
}

export class WrongTopicError extends Error {
  override readonly name = 'WrongTopicError';
}

/** How long a new topic may take to find its leaders, and a setting to be told everywhere. */
const READY_MS = 30_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The topics of every contract on a broker: made by `migrate`, looked at by `doctor` and by tests. */
export class KafkaTopics {
  private readonly client: KafkaClient;
  private readonly names: KafkaNames;

  constructor({ topicPrefix, ...options }: KafkaClientOptions & { topicPrefix: string }) {
    this.client = new KafkaClient(options);
    this.names = new KafkaNames(topicPrefix);
  }

  /**
   * Makes what is missing and brings the settings of what is there up to date. Safe to repeat.
   *
   * @throws WrongTopicError if a topic has other partitions, replicas or cleanup: that cannot be mended in place.
   */
  async ensure(settings: TopicSettings): Promise<void> {
    await this.client.asAdmin(async (admin) => {
      const there = await admin.listTopics();
      const missing = this.wanted(settings).filter(({ topic }) => !there.includes(topic));
      if (missing.length > 0) {
        await admin.createTopics({
          waitForLeaders: false, // it gives up at the first answer of a broker that has not heard of the topic yet
          topics: missing.map(({ topic, config }) => ({
            topic,
            numPartitions: settings.partitions,
            replicationFactor: settings.replication,
            configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
          })),
        });
        for (const { topic } of missing) await ready(admin, topic);
      }
      const problems = await this.problems(admin, settings);
      if (problems.length > 0) throw new WrongTopicError(problems.join('\n'));
      await this.update(admin, settings);
    });
  }

  /** What is wrong, a sentence each, with what to do; empty: nothing. */
  check(settings: TopicSettings): Promise<string[]> {
    return this.client.asAdmin(async (admin) => [
      ...(await this.problems(admin, settings)),
      ...(await this.outdated(admin, settings)).map(
        ({ topic, name, has, wanted }) => `${topic} has ${name}=${has}, ${wanted} is wanted: run "strongroom migrate".`,
      ),
    ]);
  }

  /** How many records each context's group has still to handle; null: the group was never there. */
  lag(contexts: readonly string[]): Promise<Map<string, number | null>> {
    return this.client.asAdmin((admin) => lagOf(admin, this.names, contexts, this.all));
  }

  /** Every record of every topic as it lies there. */
  drain(): Promise<DrainedRecord[]> {
    return drain(this.client, this.all, `${this.names.prefix}.drain`);
  }

  private get all(): string[] {
    return Object.values(contracts).map(({ name }) => this.names.onBroker(name));
  }

  private wanted({ replication, historyDays }: TopicSettings) {
    return Object.values(contracts).map(({ name, cleanup }) => ({
      topic: this.names.onBroker(name),
      config: {
        'cleanup.policy': cleanup,
        [cleanup === 'compact' ? 'min.compaction.lag.ms' : 'retention.ms']: String(historyDays * DAY_MS),
        'min.insync.replicas': replication > 1 ? '2' : '1',
        'unclean.leader.election.enable': 'false',
      },
    }));
  }

  private async problems(admin: Admin, settings: TopicSettings): Promise<string[]> {
    const there = await admin.listTopics();
    const present = this.all.filter((topic) => there.includes(topic));
    const missing = this.all.filter((topic) => !present.includes(topic));
    // An empty list would mean all that the broker has.
    const { topics } = present.length > 0 ? await admin.fetchTopicMetadata({ topics: present }) : { topics: [] };
    const shapes = topics.flatMap(({ name, partitions }) => [
      { topic: name, what: 'partitions', has: partitions.length, wanted: settings.partitions },
      { topic: name, what: 'replicas', has: partitions[0]?.replicas.length ?? 0, wanted: settings.replication },
    ]);
    const cleanups = (await this.differences(admin, settings, present))
      .filter(({ name }) => name === 'cleanup.policy')
      .map(({ topic, has, wanted }) => ({ topic, what: 'cleanup.policy', has, wanted }));
    return [
      ...missing.map((topic) => `${topic} is not there: run "strongroom migrate".`),
      ...[...shapes, ...cleanups]
        .filter(({ has, wanted }) => has !== wanted)
        .map(
          ({ topic, what, has, wanted }) =>
            `${topic} has ${what} ${has}, but ${wanted} is wanted. Keys would move or events be lost if it were changed ` +
            `in place: set what the topic has, or give STRONGROOM_KAFKA_TOPIC_PREFIX another name.`,
        ),
    ];
  }

  private async outdated(admin: Admin, settings: TopicSettings) {
    const there = await admin.listTopics();
    const present = this.all.filter((topic) => there.includes(topic));
    return (await this.differences(admin, settings, present)).filter(({ name }) => name !== 'cleanup.policy');
  }

  /** The whole of a topic's own settings is written: what an operator has set beside ours stays. */
  private async update(admin: Admin, settings: TopicSettings): Promise<void> {
    const outdated = new Set((await this.outdated(admin, settings)).map(({ topic }) => topic));
    if (outdated.size === 0) return;
    const own = await this.configs(admin, [...outdated]);
    await admin.alterConfigs({
      validateOnly: false,
      resources: this.wanted(settings)
        .filter(({ topic }) => outdated.has(topic))
        .map(({ topic, config }) => {
          const entries = own.get(topic)!.filter(({ isOwn }) => isOwn);
          const merged = { ...Object.fromEntries(entries.map(({ name, value }) => [name, value])), ...config };
          return {
            type: TOPIC_CONFIG,
            name: topic,
            configEntries: Object.entries(merged).map(([name, value]) => ({ name, value })),
          };
        }),
    });
    // The broker that answers hears of it a moment later: whoever looks next shall see what was set.
    for (const until = Date.now() + READY_MS; Date.now() < until; await sleep(100))
      if ((await this.outdated(admin, settings)).length === 0) return;
  }

  private async differences(admin: Admin, settings: TopicSettings, present: readonly string[]) {
    const found = await this.configs(admin, present);
    return this.wanted(settings).flatMap(({ topic, config }) =>
      Object.entries(config).flatMap(([name, wanted]) => {
        const has = found.get(topic)?.find((one) => one.name === name)?.value;
        return has === undefined || has === wanted ? [] : [{ topic, name, has, wanted }];
      }),
    );
  }

  private async configs(admin: Admin, topics: readonly string[]) {
    if (topics.length === 0) return new Map<string, { name: string; value: string; isOwn: boolean }[]>();
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: TOPIC_CONFIG, name })),
    });
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        configEntries.map(({ configName, configValue, configSource }) => ({
          name: configName,
          value: configValue,
          isOwn: (configSource as number) === 1,
        })),
      ]),
    );
  }
}

/** Every partition has a leader that answers. */
async function ready(admin: Admin, topic: string): Promise<void> {
  for (const until = Date.now() + READY_MS; ; await sleep(100))
    try {
      return void (await admin.fetchTopicOffsets(topic));
    } catch (error) {
      if (Date.now() > until) throw error;
    }
}
