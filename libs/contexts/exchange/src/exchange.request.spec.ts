import { FORM, grantTypeOf, readParameters } from './exchange.parameters.js';
import { ACCESS_TOKEN_TYPE, readExchange, TOKEN_EXCHANGE_GRANT, VAULT_GRANT } from './exchange.request.js';

const good = {
  grant_type: VAULT_GRANT,
  subject_token: 'cnry_rt_1',
  subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
  requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
  connection: 'acme',
};
const plain = {
  grant_type: TOKEN_EXCHANGE_GRANT,
  subject_token: 'cnry_rt_1',
  subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
  audience: 'acme',
};
const form = (members: Record<string, string>, more = '') =>
  Buffer.from(new URLSearchParams(members).toString() + more);
const json = (members: Record<string, string>) => Buffer.from(JSON.stringify(members));
const read = (members: Record<string, string>, more = '') =>
  readExchange(members['grant_type']!, readParameters(FORM, form(members, more)));
const readJson = (members: Record<string, string>) =>
  readExchange(members['grant_type']!, readParameters('application/json', json(members)));

describe('an exchange request', () => {
  it('EX-02 reads the same from a form and from JSON', () => {
    expect(readJson(good)).toEqual(read(good));
    expect(readJson(good)).toMatchObject({
      subjectToken: 'cnry_rt_1',
      subjectTokenType: 'refresh_token',
      connection: 'acme',
    });
  });

  it('EX-17 refuses a parameter that came twice, and takes an empty one for absent', () => {
    expect(() => read(good, '&connection=acme')).toThrow(/connection was sent more than once/);
    expect(() => read({ ...good, subject_token: '' })).toThrow('Missing required parameter: subject_token');
    expect(read({ ...good, audience: '', surprise: 'x' }).connection).toBe('acme');
  });

  it.each([
    ['a form', (members: Record<string, string>) => read(members)],
    ['JSON', readJson],
  ])('X2 loses nothing that counts in %s', (_, reading) => {
    for (const [name, value] of Object.entries(good)) {
      if (name === 'grant_type') continue;
      expect(() => reading({ ...good, [name]: '' })).toThrow(`Missing required parameter: ${name}`);
      expect(() => reading({ ...good, [name]: `${value} ` })).not.toThrow(/more than once/);
    }
    for (const name of ['actor_token', 'actor_token_type', 'audience', 'resource', 'user_id']) {
      expect(() => reading({ ...good, [name]: 'x' })).toThrow(new RegExp(`^${name} is not taken`));
      expect(reading({ ...good, [name]: '' })).toEqual(reading(good));
    }
    expect(reading({ ...good, surprise: 'x', login_hint: '', scope: '  ' })).toEqual(reading(good));
    expect(reading({ ...good, scope: ' read  write ' }).scopes).toEqual(['read', 'write']);
  });

  it('X2 takes each parameter once, the unknown ones too', () => {
    for (const name of [...Object.keys(good), 'surprise', 'scope'])
      expect(() => read({ scope: 'a', surprise: 'x', ...good }, `&${name}=x`)).toThrow(
        `${name} was sent more than once`,
      );
    expect(() => read({ ...good, scope: '' }, '&scope=')).toThrow(/more than once/);
  });

  it('X4 knows no member in which a person could be named', () => {
    const known = Object.keys(read({ ...good, login_hint: 'x', scope: 'x', min_ttl: '1' }));
    expect(known.filter((name) => /user|person|sub$|actor/i.test(name))).toEqual([]);
  });

  it('EX-17 refuses a member that came twice in JSON, however it is spelt', () => {
    const said = JSON.stringify(good);
    for (const twice of ['"connection":"x"', '"c\\u006fnnection":"a\\"b"'])
      expect(() => readParameters('application/json', Buffer.from(`{${twice},${said.slice(1)}`))).toThrow(
        /more than once/,
      );
    expect(readParameters('application/json', Buffer.from(`{"odd":"a\\"b\\\\",${said.slice(1)}`)).get('odd')).toEqual([
      'a"b\\',
    ]);
  });

  it.each(['actor_token', 'actor_token_type', 'audience', 'resource', 'user_id'])(
    'EX-17 refuses %s, which would change the meaning',
    (name) => {
      expect(() => read({ ...good, [name]: 'x' })).toThrow(new RegExp(`^${name} is not taken`));
    },
  );

  it.each(['organization', 'invitation'])('GR-14 does not pass over %s, as no other grant does', (name) => {
    for (const grant of [good, plain]) {
      for (const reading of [read, readJson])
        expect(() => reading({ ...grant, [name]: 'org_1' })).toThrow('organisations are not offered');
      expect(read({ ...grant, [name]: '' })).toEqual(read(grant));
    }
  });

  it('reads 32 fields of a form and 1,000 members of JSON, as many as anywhere', () => {
    const odd = (count: number) =>
      Object.fromEntries(Array.from({ length: count - Object.keys(good).length }, (_, i) => [`odd_${i}`, '']));
    expect(read({ ...odd(32), ...good })).toEqual(read(good));
    expect(() => read({ ...odd(33), ...good })).toThrow(/more than 32 fields/);
    expect(readJson({ ...odd(1000), ...good })).toEqual(read(good));
    expect(() => readJson({ ...odd(1001), ...good })).toThrow(/too many members/);
  });

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
    for (const broken of ['a=%zz', Buffer.from('a=\xe9', 'latin1')])
      expect(() => readParameters(FORM, Buffer.from(broken))).toThrow(/cannot be read/);
    expect(() => read(good, '&login_hint=%ff')).toThrow('login_hint is not encoded as UTF-8');
    expect(() => read(good, '&scope%ff=read')).toThrow('a parameter is not encoded as UTF-8');
    expect(read(good, '&login_hint=%C3%A9').loginHint).toBe('é');
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

  it('knows what a scope is, so that those that are missing can be asked for', () => {
    for (const scope of ['read\twrite', 'read\nwrite', '"read"', 'l\u00e9', 'a\\b'])
      expect(() => read({ ...good, scope })).toThrow(/^scope holds characters/);
    expect(read({ ...good, scope: 'https://api.example/a.b~c read:me' }).scopes).toHaveLength(2);
  });

  it('AD-04 takes min_ttl from 0 to 600', () => {
    expect(read({ ...good, min_ttl: '600' }).minimumSeconds).toBe(600);
    for (const min_ttl of ['601', '-1', '1.5', 'x']) expect(() => read({ ...good, min_ttl })).toThrow(/min_ttl/);
  });

  it('finds the grant where it is named once', () => {
    const grantOf = (bytes: Buffer) => grantTypeOf(readParameters(FORM, bytes));
    expect(grantOf(form(good))).toBe(VAULT_GRANT);
    expect(() => grantOf(form(good, '&grant_type=password'))).toThrow('grant_type was sent more than once');
    for (const none of ['a=b', 'grant_type='])
      expect(() => grantOf(Buffer.from(none))).toThrow('Missing required parameter: grant_type');
  });
});

describe('a request in plain RFC 8693', () => {
  it('AD-01 names the connection by audience, and asks for an access token if it says nothing else', () => {
    expect(read(plain)).toMatchObject({ connection: 'acme', requestedTokenType: ACCESS_TOKEN_TYPE });
    const { audience: _, ...bare } = plain;
    expect(read({ ...bare, connection: 'acme' })).toEqual(read(plain));
    expect(readJson({ ...plain, connection: 'acme' })).toEqual(read(plain));
    for (const type of [ACCESS_TOKEN_TYPE, good.requested_token_type])
      expect(read({ ...plain, requested_token_type: type }).requestedTokenType).toBe(type);
    const more = { scope: 'read', login_hint: 'x', min_ttl: '60' };
    expect(read({ ...plain, ...more })).toMatchObject({ scopes: ['read'], loginHint: 'x', minimumSeconds: 60 });
  });

  it.each<[string, Record<string, string>, string, RegExp]>([
    ['two names', { connection: 'other' }, 'invalid_request', /name two connections/],
    ['none', { audience: '' }, 'invalid_request', /^Missing required parameter: audience$/],
    ['a resource', { resource: 'https://api.example' }, 'invalid_target', /audience/],
    ['an actor', { actor_token: 'x' }, 'invalid_request', /^actor_token is not taken/],
    ['the type of an actor', { actor_token_type: 'x' }, 'invalid_request', /^actor_token_type is not taken/],
    ['a person', { user_id: 'x' }, 'invalid_request', /^user_id is not taken/],
    ['an ID token', { requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' }, 'invalid_request', /never/],
    ['a signed request', { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' }, 'invalid_request', /use one/],
    ['no subject', { subject_token: '' }, 'invalid_request', /^Missing required parameter: subject_token$/],
  ])('AD-01 refuses %s', (_, changed, code, said) => {
    for (const reading of [() => read({ ...plain, ...changed }), () => readJson({ ...plain, ...changed })]) {
      expect(reading).toThrow(expect.objectContaining({ code, status: 400 }));
      expect(reading).toThrow(said);
    }
  });

  it('X2 takes one audience', () => {
    expect(() => read(plain, '&audience=acme')).toThrow('audience was sent more than once');
  });
});
