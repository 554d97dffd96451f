import { Passwords } from './passwords.js';

describe('Passwords', () => {
  const passwords = new Passwords();

  it('accepts the password that was hashed and no other', async () => {
    const hash = await passwords.hash('correct horse');
    expect(await passwords.verify(hash, 'correct horse')).toBe(true);
    expect(await passwords.verify(hash, 'correct horsf')).toBe(false);
    expect(await passwords.verify(hash, '')).toBe(false);
  });

  it('writes argon2id with a salt of its own each time', async () => {
    const [one, two] = await Promise.all([passwords.hash('same'), passwords.hash('same')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$=]+\$[^$=]+$/);
    expect(one).not.toBe(two);
  });

  it('reads hashes made at another cost', async () => {
    // argon2id, m=64 KiB, t=1: made by Node's own function
    const { argon2Sync } = await import('node:crypto');
    const nonce = Buffer.from('0123456789abcdef');
    const tag = argon2Sync('argon2id', {
      message: 'old',
      nonce,
      memory: 64,
      passes: 1,
      parallelism: 1,
      tagLength: 32,
    });
    const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
    const hash = `$argon2id$v=19$m=64,t=1,p=1$${base64(nonce)}$${base64(tag)}`;
    expect(await passwords.verify(hash, 'old')).toBe(true);
    expect(await passwords.verify(hash, 'new')).toBe(false);
  });

  it('refuses everything where there is no hash, or none that it can read', async () => {
    expect(await passwords.verify(null, 'anything')).toBe(false);
    expect(await passwords.verify('plain text', 'plain text')).toBe(false);
  });

  it('takes the same password in either Unicode form', async () => {
    expect(await passwords.verify(await passwords.hash('caf\u00e9'), 'cafe\u0301')).toBe(true);
  });
});
