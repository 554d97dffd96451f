import { grantTypeOf, readExchange, readParameters, VAULT_GRANT } from './exchange.request.js';

const FORM = 'application/x-www-form-urlencoded';
const good = {
  grant_type: VAULT_GRANT,
  subject_token: 'cnry_rt_1',
  subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
  requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
  connection: 'acme',
};
const form = (members: Record<string, string>, more = '') =>
  Buffer.from(new URLSearchParams(members).toString() + more);
const read = (members: Record<string, string>, more = '') => readExchange(readParameters(FORM, form(members, more)));

describe('an exchange request', () => {
  it('EX-02 reads the same from a form and from JSON', () => {
    const json = readExchange(readParameters('application/json', Buffer.from(JSON.stringify(good))));
    expect(json).toEqual(read(good));
    expect(json).toMatchObject({ subjectToken: 'cnry_rt_1', subjectTokenType: 'refresh_token', connection: 'acme' });
  });

  it('EX-17 refuses a parameter that came twice, and takes an empty one for absent', () => {
    expect(() => read(good, '&connection=acme')).toThrow(/connection was sent more than once/);
    expect(() => read({ ...good, subject_token: '' })).toThrow('Missing required parameter: subject_token');
    expect(read({ ...good, audience: '', surprise: 'x' }).connection).toBe('acme');
  });

  it('EX-17 refuses a member that came twice in JSON, however it is spelt', () => {
    const json = JSON.stringify(good);
    for (const twice of ['"connection":"x"', '"c\\u006fnnection":"a\\"b"'])
      expect(() => readParameters('application/json', Buffer.from(`{${twice},${json.slice(1)}`))).toThrow(
        /more than once/,
      );
    expect(readParameters('application/json', Buffer.from(`{"odd":"a\\"b\\\\",${json.slice(1)}`)).get('odd')).toEqual([
      'a"b\\',
    ]);
  });

  it.each(['actor_token', 'actor_token_type', 'audience', 'resource', 'user_id'])(
    'EX-17 refuses %s, which would change the meaning',
    (name) => {
      expect(() => read({ ...good, [name]: 'x' })).toThrow(new RegExp(`^${name} is not taken`));
    },
  );

  it.each(['subject_token', 'subject_token_type', 'requested_token_type', 'connection'])(
    'RE-11 names the missing %s',
    (name) => {
      const { [name as keyof typeof good]: _, ...rest } = good;
      expect(() => read(rest)).toThrow(`Missing required parameter: ${name}`);
    },
  );

  it('RE-12 knows two types to ask for and never a refresh token', () => {
    const asking = (type: string) =>
      read({ ...good, requested_token_type: `http://auth0.com/oauth/token-type/${type}` });
    expect(asking('token-vault-access-token').requestedTokenType).toMatch(/token-vault-access-token$/);
    expect(() => asking('token-vault-refresh-token')).toThrow(/never handed out/);
    expect(() => asking('nothing')).toThrow(/requested_token_type/);
    expect(() => read({ ...good, subject_token_type: 'urn:x' })).toThrow(/subject_token_type/);
  });

  it('RE-23 reads no other content type, no broken bytes, nothing over 32 KiB', () => {
    expect(() => readParameters('text/plain', form(good))).toThrow(/must be application/);
    expect(() => readParameters('application/json', Buffer.from('{'))).toThrow(/not valid JSON/);
    expect(() => readParameters('application/json', Buffer.from('[]'))).toThrow(/JSON object/);
    expect(() => readParameters('application/json', Buffer.from('{"connection":1}'))).toThrow(
      /connection must be a string/,
    );
    expect(() => readParameters(FORM, Buffer.from('a=%zz'))).toThrow(/cannot be read/);
    expect(() => readParameters(FORM, Buffer.alloc(32 * 1024 + 1, 'a'))).toThrow(
      expect.objectContaining({ status: 413 }),
    );
    expect(readParameters(FORM, Buffer.alloc(32 * 1024, 'a')).size).toBe(1);
  });

  it.each([
    ['{"connection":"a\\u0000"}', /^connection must not have a NUL character/],
    ['{"login_hint":"\\ud800"}', /^login_hint must not have half of a surrogate pair/],
    ['{"__proto__":"x"}', /^__proto__ is a name that no member may have/],
    ['{"<cnry_x>":"\\ud800"}', /^a parameter must not have half of a surrogate pair/],
  ])('RE-23 names the parameter and the rule that %s breaks', (json, said) => {
    expect(() => readParameters('application/json', Buffer.from(json))).toThrow(said);
  });

  it('never repeats a name it was not asked to know, unless it is a plain one', () => {
    expect(() => readParameters('application/json', Buffer.from('{"<cnry_x>":1}'))).toThrow(/^a parameter must be/);
  });

  it('takes min_ttl from 0 to 600', () => {
    expect(read({ ...good, min_ttl: '600' }).minimumSeconds).toBe(600);
    for (const min_ttl of ['601', '-1', '1.5', 'x']) expect(() => read({ ...good, min_ttl })).toThrow(/min_ttl/);
  });

  it('finds the grant only where it is named once', () => {
    expect(grantTypeOf(readParameters(FORM, form(good)))).toBe(VAULT_GRANT);
    expect(grantTypeOf(readParameters(FORM, form(good, '&grant_type=password')))).toBeUndefined();
    expect(grantTypeOf(readParameters(FORM, Buffer.from('a=b')))).toBeUndefined();
  });
});
