import { sameSubject, subjectParts } from './subject-dn.js';

describe('a distinguished name', () => {
  it.each([
    ['CN=worker,O=Example', 'O=Example\nCN=worker'],
    ['CN=worker, O=Example', 'O=Example\nCN=worker'],
    ['O=Example,CN=worker', 'O=Example\nCN=worker'],
    ['C=us\nO=Example\nCN=worker', 'C=us\nO=Example\nCN=worker'],
    ['cn=a\\,b,o=x', 'O=x\nCN=a\\,b'],
    ['CN=a\\2Cb', 'CN=a\\,b'],
    ['CN=a=b', 'CN=a=b'],
  ])('%j is the one that OpenSSL lists as %j', (registered, listed) => {
    expect(sameSubject(registered, listed)).toBe(true);
  });

  it.each([
    ['CN=worker', 'O=Example\nCN=worker'],
    ['CN=worker,O=Example', 'O=Example\nCN=other'],
    ['CN=worker,O=Example', 'O=Example\nCN=worker\nOU=x'],
    ['CN=worker', 'CN=Worker'],
    ['CN=a,O=b', 'CN=a\\,O=b'],
    ['CN=a', ''],
    ['CN=a,CN=a', 'CN=a'],
    ['O=x,CN=a,OU=y', 'OU=y\nO=x\nCN=a'],
  ])('%j is another one than %j', (registered, listed) => {
    expect(sameSubject(registered, listed)).toBe(false);
  });

  it('has a type and a value in each part', () => {
    expect(subjectParts('CN=worker,O=Example')).toEqual(['CN=worker', 'O=Example']);
    for (const none of ['', 'worker', 'CN=', 'CN=a,', 'CN=a,b', '=a'])
      expect([none, subjectParts(none)]).toEqual([none, none === 'CN=a,' ? ['CN=a'] : null]);
  });
});
