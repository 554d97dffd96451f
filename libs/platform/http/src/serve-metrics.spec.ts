import { createLogger, Metrics } from '@strongroom/observability';
import { serveMetrics } from './serve-metrics.js';

describe('the metrics listener', () => {
  it('answers at one address and no other', async () => {
    const metrics = new Metrics();
    metrics.gauge({ name: 'strongroom_up', help: 'Up.' })({}, 1);
    const listener = await serveMetrics(metrics, { host: '127.0.0.1', port: 0, logger: createLogger('fatal') });
    const at = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${listener.port}${path}`, init);
    const answer = await at('/metrics');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await answer.text()).toContain('strongroom_up 1');
    for (const refused of [await at('/'), await at('/metrics', { method: 'POST' }), await at('/cnry_%E0')])
      expect([refused.status, await refused.text()]).toEqual([404, '']);
    for (const path of ['/metrics', '/', '/cnry_%E0']) {
      const { headers } = await at(path);
      expect([headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff']);
    }
    await listener.close();
  });
});
