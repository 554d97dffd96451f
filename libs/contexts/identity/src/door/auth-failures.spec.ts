import { InProcessCounters } from '@strongroom/locking';
import { createLogger } from '@strongroom/observability';
import { AuthFailures } from './auth-failures.js';

describe('failed client authentications', () => {
  it('threats §9 are in the log once their address has to wait, with how many there were', async () => {
    let said = '';
    const logger = createLogger('warn', { write: (line) => void (said += line) });
    const failures = new AuthFailures(new InProcessCounters(), { failures: 3 }, logger);
    for (let at = 0; at < 2; at++) await failures.count('app', '192.0.2.1');
    failures.refuseWaiting('app', '192.0.2.1');
    expect(said).toBe('');
    await failures.count('app', '192.0.2.1');
    await failures.count('app', '192.0.2.1'); // was on its way already
    expect(JSON.parse(said)).toMatchObject({ level: 40, clientId: 'app', address: '192.0.2.1', failures: 3 });
    expect(() => failures.refuseWaiting('app', '192.0.2.1')).toThrow('too often');
    failures.refuseWaiting('app', '192.0.2.2');
    failures.refuseWaiting('another', '192.0.2.1');
  });
});
