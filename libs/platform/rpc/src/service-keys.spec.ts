import { generateServiceKeys } from '../test/generated-keys.js';
import { ServiceKeys } from './service-keys.js';
import { CallerTokens, OwnTokens } from './service-tokens.js';

describe('keys of services', () => {
  it('are refused by name, and never shown', () => {
    const { privateKeyPem, jwks } = generateServiceKeys();
    const parse = (pem: string, keys: string) => () =>
      ServiceKeys.parse({ name: 'exchange', privateKeyPem: pem, publicKeysJwks: keys });
    expect(parse('cnry_key', jwks)).toThrow(/STRONGROOM_SERVICE_KEY is no Ed25519/);
    expect(parse('cnry_key', jwks)).not.toThrow(/cnry_key/);
    expect(parse(privateKeyPem.exchange, 'cnry_keys')).toThrow(/STRONGROOM_SERVICE_KEYS is no JWKS/);
    expect(parse(privateKeyPem.identity, jwks)).toThrow(/not the private key of "exchange"/);
    expect(parse(privateKeyPem.exchange, jwks)).not.toThrow();
  });

  it('may be two of one service while one is replaced', async () => {
    const [old, next] = [generateServiceKeys(), generateServiceKeys()];
    const both = JSON.stringify({
      keys: [old, next].flatMap(({ jwks }) => (JSON.parse(jwks) as { keys: unknown[] }).keys),
    });
    const keys = (pem: string) => ServiceKeys.parse({ name: 'exchange', privateKeyPem: pem, publicKeysJwks: both });
    const callers = new CallerTokens(
      ServiceKeys.parse({ name: 'tokensets', privateKeyPem: next.privateKeyPem.tokensets, publicKeysJwks: both }),
    );
    for (const { privateKeyPem } of [old, next])
      expect(await callers.callerOf(await new OwnTokens(keys(privateKeyPem.exchange)).for('tokensets'))).toBe(
        'exchange',
      );
  });
});
