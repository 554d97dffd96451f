import { VaultError } from '@strongroom/errors';
import { errorAnswer } from './error-answer.js';
import { ValidationError } from './validation.js';

describe('the answer to a proof of possession without the nonce that is asked for', () => {
  /** As it comes from another service: no class of its own. */
  const asked = (status: number) =>
    new VaultError('Send the nonce.', { code: 'use_dpop_nonce', status, details: { dpop_nonce: 'cnry_nonce' } });

  it('is 400 at the token endpoint, where no challenge may be', () => {
    const { status, headers, body } = errorAnswer('/oauth/token', asked(400));
    expect([status, headers['dpop-nonce'], headers['www-authenticate']]).toEqual([400, 'cnry_nonce', undefined]);
    expect(body).toEqual({ error: 'use_dpop_nonce', error_description: 'Send the nonce.' });
  });

  it.each(['/me/v1/connected-accounts/accounts', '/userinfo', '/api/v2/users'])('is a challenge at %s', (path) => {
    const { status, headers, body } = errorAnswer(path, asked(401));
    expect([status, headers['dpop-nonce']]).toEqual([401, 'cnry_nonce']);
    expect(headers['www-authenticate']).toBe('DPoP error="use_dpop_nonce"');
    expect(JSON.stringify(body)).not.toContain('cnry_nonce');
  });
});

describe('the answer while the database is away', () => {
  const refused = () => Object.assign(new Error('connect cnry_host'), { code: 'ECONNREFUSED' });

  it.each(['/oauth/token', '/oauth/revoke', '/me/v1/sessions', '/api/v2/users'])('asks to come again at %s', (path) => {
    const { status, headers, body } = errorAnswer(path, Object.assign(new Error('query'), { driverError: refused() }));
    expect([status, headers['retry-after'], headers['cache-control']]).toEqual([503, '2', 'no-store']);
    expect(JSON.stringify(body)).not.toContain('cnry_');
  });

  it('is a fault of ours where it is something else that failed', () => {
    expect(errorAnswer('/oauth/token', new Error('cnry_inside'))).toMatchObject({ status: 500 });
  });
});

it('RE-23 what is no media type is an invalid request to OAuth, and 415 to our own APIs', () => {
  const unreadable = Object.assign(new Error('cnry_type'), { statusCode: 415 });
  const { status, body } = errorAnswer('/oauth/token', unreadable);
  expect(status).toBe(400);
  expect(body).toEqual({ error: 'invalid_request', error_description: 'the content type cannot be read' });
  expect(errorAnswer('/api/v2/users', unreadable).status).toBe(415);
});

describe('a problem of the My Account API', () => {
  it('points at the member, whatever is in its name', () => {
    const wrong = new ValidationError('body', [
      { path: ['params', 'a/b~c', 0], detail: 'is not a member of this request' },
      { path: [], detail: 'the body is not valid JSON in UTF-8' },
    ]);
    expect(errorAnswer('/me/v1/connected-accounts/connect', wrong).body).toEqual({
      type: 'https://auth0.com/api-errors/A0E-400-0003',
      ...{ title: 'Validation Error', status: 400, detail: 'Invalid request payload input' },
      validation_errors: [
        {
          detail: 'is not a member of this request',
          ...{ field: 'params.a/b~c.0', pointer: '/params/a~1b~0c/0', source: 'body' },
        },
        { detail: 'the body is not valid JSON in UTF-8', pointer: '', source: 'body' },
      ],
    });
  });
});
