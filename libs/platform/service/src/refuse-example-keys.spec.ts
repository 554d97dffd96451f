import { refuseExampleKeys } from './refuse-example-keys.js';

describe('refuseExampleKeys', () => {
  const example = Buffer.from('strongroom-example-key-do-not-us').toString('base64');
  const own = Buffer.from('cnry_a_key_of_somebodys_own_0001').toString('base64');
  const counted = Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64');

  it.each([`a:${example}`, `a:${own},b:${example}`, `a:${example.replace(/=+$/, '')}`, `a:${counted}`])(
    'encryption §10 refuses %s where others reach it',
    (keys) => {
      const start = () => refuseExampleKeys(keys, 'https://vault.example.com');
      expect(start).toThrow(/^STRONGROOM_MASTER_KEYS: the key of entry \d is an example/);
      expect(start).not.toThrow(/c3Ryb25n|AAEC/);
    },
  );

  it.each(['http://localhost:3000', 'http://127.0.0.1:3000', 'https://[::1]', 'https://vault.localhost'])(
    'lets it be tried at %s',
    (url) => expect(() => refuseExampleKeys(`a:${example}`, url)).not.toThrow(),
  );

  it('takes any other key', () => {
    expect(() => refuseExampleKeys(`a:${own}`, 'https://vault.example.com')).not.toThrow();
  });
});
