import { EventEmitter } from 'node:events';
import { lifeOf } from './consumer-life.js';
import { type Consumer, KafkaClient } from './kafka.js';
import { createLogger } from '@strongroom/observability';

/** A consumer of kafkajs that was never connected: what happens to it is told by hand. */
function consumer() {
  const { events } = new KafkaClient({ brokers: ['127.0.0.1:1'], logger: createLogger('silent') }).consumer('group');
  const emitter = new EventEmitter();
  const emit = (name: keyof Consumer['events'], payload: unknown = {}) => emitter.emit(events[name], { payload });
  return { emit, consumer: { events, on: emitter.on.bind(emitter) } as unknown as Consumer };
}

function watched() {
  const { emit, consumer: one } = consumer();
  const closing = new AbortController();
  const told: string[] = [];
  const life = lifeOf(one, closing.signal, {
    leaving: () => void told.push('leaving'),
    joined: (assignment) => Promise.resolve(void told.push(`joined ${Object.keys(assignment).join(' ')}`)),
  });
  return { emit, closing, told, life };
}

describe('the life of a consumer', () => {
  it('tells of each generation, and that one ends before the next', async () => {
    const { emit, closing, told, life } = watched();
    emit('GROUP_JOIN', { memberAssignment: { users: [1] } });
    emit('REBALANCING');
    emit('GROUP_JOIN', { memberAssignment: { clients: [1] } });
    closing.abort();
    await life;
    expect(told).toEqual(['joined users', 'leaving', 'joined clients']);
  });

  it('ends with a join in the middle of a fetch, and takes nothing more from it', async () => {
    const { emit, told, life } = watched();
    emit('GROUP_JOIN', { memberAssignment: { users: [1] } });
    emit('GROUP_JOIN', { memberAssignment: { users: [1] } });
    await expect(life).rejects.toThrow('records were under way');
    expect(told).toEqual(['joined users', 'leaving']);
  });

  it('ends with a crash, whatever the library means to do then', async () => {
    const { emit, life } = watched();
    emit('CRASH', { error: new Error('no broker'), restart: true });
    await expect(life).rejects.toThrow('no broker');
  });
});
