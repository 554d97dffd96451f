import { privilegedAccess } from './privileged-access.schema.js';

describe('the limits of privileged access', () => {
  const accepts = (sent: unknown) => privilegedAccess.safeParse(sent).success;
  const grants = (connections: number, scopesEach: number) => ({
    grants: Array.from({ length: connections }, (_, i) => ({
      connection: `c${i}`,
      scopes: Array.from({ length: scopesEach }, (_, j) => `s${j}`),
    })),
  });
  const addresses = (count: number) => ({ ip_allowlist: Array.from({ length: count }, (_, i) => `192.0.2.${i}`) });

  it('PW-07 are 5 connections, 20 scopes in all and 10 addresses', () => {
    expect([grants(5, 4), grants(1, 20), addresses(10)].map(accepts)).toEqual([true, true, true]);
    expect([grants(6, 1), grants(1, 21), grants(3, 7), addresses(11)].map(accepts)).toEqual(Array(4).fill(false));
  });

  it.each(['192.0.2.1', '192.0.2.0/24', '2001:db8::1', '2001:db8::/32', '0.0.0.0/0'])('take the address %s', (one) => {
    expect(accepts({ ip_allowlist: [one] })).toBe(true);
  });

  it.each([
    '192.0.2.256',
    '192.0.2.0/33',
    '2001:db8::/129',
    '192.0.2.0/',
    '192.0.2.0/24/1',
    'fe80::1%eth0',
    'host.example',
  ])('refuse the address %s', (one) => {
    expect(accepts({ ip_allowlist: [one] })).toBe(false);
  });

  it('refuse a connection or a scope that is named twice, and what is no scope', () => {
    const one = { connection: 'c', scopes: ['s'] };
    for (const wrong of [[one, one], [{ ...one, scopes: ['s', 's'] }], [{ ...one, scopes: ['a b'] }]])
      expect(accepts({ grants: wrong })).toBe(false);
  });

  it('refuse keys that are not public keys for RS256', () => {
    const key = { credential_type: 'public_key', pem: 'cnry_pem' };
    expect(accepts({ credentials: [key] })).toBe(true);
    for (const wrong of [
      { ...key, alg: 'PS256' },
      { credential_type: 'x509_cert', pem: 'cnry_pem' },
    ])
      expect(accepts({ credentials: [wrong] })).toBe(false);
  });
});
