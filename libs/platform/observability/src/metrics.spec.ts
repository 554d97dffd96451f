import { Metrics } from './metrics.js';

describe('metrics', () => {
  let metrics: Metrics;
  beforeEach(() => (metrics = new Metrics()));

  it('count by their labels', async () => {
    const calls = metrics.counter({ name: 'strongroom_calls_total', help: 'Calls.', labels: ['connection', 'kind'] });
    calls({ connection: 'con_1', kind: 'early' });
    calls({ connection: 'con_1', kind: 'early' }, 2);
    expect(await metrics.text()).toContain('strongroom_calls_total{connection="con_1",kind="early"} 3');
  });

  it('M4 take no label value that could be a person or a secret', async () => {
    const calls = metrics.counter({ name: 'strongroom_calls_total', help: 'Calls.', labels: ['connection'] });
    for (const value of ['ada@example.com', 'cnry_secret with blanks', 'https://x/?code=1', 'x'.repeat(65)])
      calls({ connection: value });
    const text = await metrics.text();
    expect(text).toContain('strongroom_calls_total{connection="other"} 4');
    expect(text).not.toMatch(/ada|cnry/);
  });

  it('ask for a gauge when they are asked, and forget what it no longer says', async () => {
    let states = ['active', 'lost'];
    metrics.gaugeOf({ name: 'strongroom_things', help: 'Things.', labels: ['state'] }, () =>
      Promise.resolve(states.map((state) => ({ labels: { state }, value: 1 }))),
    );
    expect(await metrics.text()).toContain('{state="lost"} 1');
    states = ['active'];
    expect(await metrics.text()).not.toContain('lost');
  });

  it('answer without a gauge that cannot be read', async () => {
    metrics.gauge({ name: 'strongroom_up', help: 'Up.' })({}, 1);
    metrics.gaugeOf({ name: 'strongroom_things', help: 'Things.' }, () => Promise.reject(new Error('database gone')));
    const text = await metrics.text();
    expect(text).toContain('strongroom_up 1');
    expect(text).not.toMatch(/^strongroom_things /m);
  });

  it('add up what several say under one name', async () => {
    const definition = { name: 'strongroom_seals_total', help: 'Seals.', labels: ['context'] } as const;
    metrics.counterOf(definition, () => [{ labels: { context: 'identity' }, value: 3 }]);
    metrics.counterOf(definition, () => [{ labels: { context: 'tokensets' }, value: 5 }]);
    await metrics.text();
    const text = await metrics.text();
    expect(text).toContain('strongroom_seals_total{context="identity"} 3');
    expect(text).toContain('strongroom_seals_total{context="tokensets"} 5');
  });

  it('keep to their own registry', async () => {
    metrics.gauge({ name: 'strongroom_up', help: 'Up.' })({}, 1);
    expect(await new Metrics().text()).not.toContain('strongroom_up');
  });

  it('of the process tell its memory and processor time', async () => {
    expect(await Metrics.ofProcess().text()).toMatch(/process_resident_memory_bytes \d+/);
  });
});
