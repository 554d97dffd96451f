import { createLogger } from './logger.js';

const logged = (write: (logger: ReturnType<typeof createLogger>) => void): string => {
  let said = '';
  write(createLogger('trace', { write: (line: string) => void (said += line) }));
  return said;
};

describe('logger', () => {
  it('shows the path of a request and not its query', () => {
    const said = logged((log) => log.info({ req: { method: 'GET', url: '/connect/callback/x?code=cnry_code' } }, 'in'));
    expect(said).toContain('/connect/callback/x');
    expect(said).not.toContain('cnry_code');
  });

  it('shows of an error what it says, not what hangs on it', () => {
    const error = Object.assign(new Error('refused'), { body: 'cnry_token', parameters: ['cnry_token'] });
    const said = logged((log) => log.error({ err: new Error('outer', { cause: error }) }, 'failed'));
    expect(said).toContain('refused');
    expect(said).not.toContain('cnry_token');
  });
});
