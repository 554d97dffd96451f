import { topics } from '@strongroom/contracts';
import { KafkaNames } from './kafka-names.js';

describe('KafkaNames', () => {
  it('leads from code to broker and back for every topic', () => {
    const names = new KafkaNames('acme.vault');
    for (const { name } of Object.values(topics)) expect(names.inCode(names.onBroker(name))).toBe(name);
    expect(names.onBroker('strongroom.users.v1')).toBe('acme.vault.users.v1');
    expect(names.groupOf('audit')).toBe('acme.vault.audit');
  });

  it('takes no topic of another installation for ours', () => {
    expect(() => new KafkaNames('acme').inCode('acme2.users.v1')).toThrow('another prefix');
    expect(() => new KafkaNames('acme').onBroker('acme.users.v1')).toThrow('no topic of ours');
  });
});
