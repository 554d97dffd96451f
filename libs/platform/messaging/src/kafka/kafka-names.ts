const IN_CODE = 'strongroom.';

/** Names in code begin with `strongroom`, names on a broker with the prefix that this installation was given. */
export class KafkaNames {
  constructor(readonly prefix: string) {}

  /** `strongroom.connections.v1` → `{prefix}.connections.v1` */
  onBroker(topic: string): string {
    if (!topic.startsWith(IN_CODE)) throw new Error(`${topic} is no topic of ours`);
    return `${this.prefix}.${topic.slice(IN_CODE.length)}`;
  }

  inCode(topic: string): string {
    if (!topic.startsWith(`${this.prefix}.`)) throw new Error(`${topic} has another prefix than ${this.prefix}`);
    return `${IN_CODE}${topic.slice(this.prefix.length + 1)}`;
  }

  groupOf(context: string): string {
    return `${this.prefix}.${context}`;
  }
}
