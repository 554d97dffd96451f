import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionView } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { TOKEN_EXCHANGE_GRANT, VAULT_GRANT } from './exchange.request.js';
import { explained, REASONS, reasonOf, shown } from './refusal.js';

const acme = (options: Record<string, unknown> = {}) => ({ name: 'acme-crm', options }) as ConnectionView;
const refused = (code: string, status: number, details: Record<string, unknown>) =>
  new VaultError('no', { code, status, details });
const told = (thrown: unknown, connection: ConnectionView | null = acme(), grantType = VAULT_GRANT) =>
  explained(thrown, { connection, grantType });

const endpoint = 'https://vault.example.com/me/v1/connected-accounts/connect';
const account = { id: 'cac_1', login_hint: '7' };
const body = { connection: 'acme-crm', connected_account_id: 'cac_1', scopes: ['read', 'old'] };
const dead = { reason: 'reconnect_required', cause: 'revoked_or_expired', account, connect: { endpoint, body } };

describe('a refusal', () => {
  it('RE-01 keeps the way to connect that the vault tells', () => {
    const page = 'https://vault.example.com/account/connect/acme-crm';
    const connect = { endpoint, body: { connection: 'acme-crm' }, page };
    const missing = refused('x', 401, { reason: 'tokenset_not_found', connect });
    const nobody = { cause: null, account: null, missing_scopes: [] };
    expect(told(missing).details).toEqual({ reason: 'tokenset_not_found', connection: 'acme-crm', connect, ...nobody });
  });

  it('AD-05 has the same members, whatever it is that only the person can help with', () => {
    const details = [
      { reason: 'tokenset_not_found', connect: dead.connect },
      dead,
      { ...dead, reason: 'credential_unreadable' },
      { reason: 'scope_missing', account, missing_scopes: ['old'], connect: dead.connect },
    ].map((each) => told(refused('x', 401, each)).details!);
    const members = ['account', 'cause', 'connect', 'connection', 'missing_scopes', 'reason'];
    for (const each of details) expect(Object.keys(each).sort()).toEqual(members);
    expect(details.at(-1)).toMatchObject({ cause: null, account, missing_scopes: ['old'] });
  });

  it('RE-04 says cause, account and way back of one that must be connected again', () => {
    expect(told(refused('x', 401, dead)).details).toEqual({ ...dead, connection: 'acme-crm', missing_scopes: [] });
    const found = { ...dead, reason: 'credential_unreadable', cause: 'unreadable' };
    expect(told(refused('x', 401, found)).details).toEqual({ ...found, connection: 'acme-crm', missing_scopes: [] });
  });

  it('AD-05 asks for no scope that the connection does not allow any more', () => {
    const scopesOf = (refusal: VaultError) => (refusal.details?.['connect'] as { body: object }).body;
    const limited = acme({ allowed_scopes: ['read'] });
    expect(scopesOf(told(refused('x', 401, dead), limited))).toEqual({ ...body, scopes: ['read'] });
    const none = acme({ allowed_scopes: [] });
    expect(scopesOf(told(refused('x', 401, dead), none))).toEqual({ ...body, scopes: undefined });
    const missing = { reason: 'scope_missing', missing_scopes: ['read'], connect: dead.connect };
    expect(scopesOf(told(refused('x', 400, missing), limited))).toEqual({ ...body, scopes: ['read'] });
    const many = Array.from({ length: 101 }, (_, i) => `s${i}`);
    const full = { endpoint, body: { ...body, scopes: many } };
    const beside = { reason: 'scope_missing', missing_scopes: ['s100'], connect: full };
    expect(scopesOf(told(refused('x', 400, beside)))).toEqual({ ...body, scopes: ['s100'] });
  });

  it('AD-05 does not send a person to reconnect where only an administrator can help', () => {
    const blocked = refused('x', 401, { reason: 'reconnect_required', cause: 'admin', account });
    expect(told(blocked).details).not.toHaveProperty('connect');
    const missing = { reason: 'scope_missing', account, missing_scopes: ['read', 'old'], connect: dead.connect };
    const barred = told(refused('x', 400, missing), acme({ allowed_scopes: ['read'] }));
    expect(barred.message).toMatch(/^The connection does not allow: old\. .*allowed_scopes/);
    const { connect: _, ...rest } = missing;
    expect(barred.details).toEqual({ ...rest, cause: null, connection: 'acme-crm' });
  });

  it('SE-03 repeats the description of an unknown account where libraries look for it', () => {
    expect(told(refused('user_not_found', 401, { reason: 'account_not_found' })).details).toMatchObject({
      error_description_alias: true,
    });
  });

  it.each([
    ['tokenset_not_found', 401, 'consent_required'],
    ['reconnect_required', 401, 'consent_required'],
    ['credential_unreadable', 401, 'consent_required'],
    ['connection_not_available', 400, 'invalid_target'],
  ])('AD-02 says %s in the codes of RFC 8693, with the same details', (reason, status, code) => {
    const thrown = refused('x', status, { ...dead, reason });
    const said = told(thrown, acme(), TOKEN_EXCHANGE_GRANT);
    expect([said.code, said.status]).toEqual([code, 400]);
    expect(said.details).toEqual(told(thrown).details);
    expect(told(thrown)).toMatchObject({ code: 'x', status });
  });

  it('says in the details how long to wait, also where what was thrown has none', () => {
    const away = new VaultError('no', { code: 'temporarily_unavailable', status: 503, retryAfter: 1.2 });
    expect(told(away, null).details).toEqual({ reason: 'store_unavailable', retry_after: 2 });
    const limited = new VaultError('no', { code: 'too_many_requests', status: 429, retryAfter: 30 });
    expect(told(limited, null).details).toEqual({ reason: 'rate_limited', retry_after: 30 });
  });

  it('has one reason of the closed list, whatever was thrown', () => {
    for (const reason of REASONS) expect(reasonOf(told(refused('x', 400, { reason })))).toBe(reason);
    const odd = (status: number) => reasonOf(told(refused('x', status, { reason: 'made_up' })));
    expect([400, 403, 429, 502, 503].map(odd)).toEqual([
      ...['request_invalid', 'request_invalid', 'rate_limited', 'store_unavailable', 'store_unavailable'],
    ]);
  });

  it('has each of them explained in docs/exchange.md', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/exchange.md'), 'utf8');
    expect(REASONS.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([]);
  });

  it('keeps from a caller who did not authenticate why', () => {
    for (const reason of ['client_public', 'client_authentication_failed']) {
      const error = new VaultError('no', { code: 'invalid_client', status: 401, audit: { reason } });
      expect(reasonOf(error)).toBe(reason);
      expect(shown(told(error)).details).toEqual({});
      expect(shown(told(error)).code).toBe('invalid_client');
    }
  });

  it('hides what failed on our side and asks to try again', () => {
    for (const failure of [new Error('password of the database'), refused('server_error', 500, {})]) {
      const hidden = told(failure);
      expect([hidden.status, hidden.retryAfter]).toEqual([503, 2]);
      expect(hidden.message).not.toContain('password');
      expect(reasonOf(hidden)).toBe('store_unavailable');
    }
    expect(told(refused('server_error', 502, { reason: 'connection_misconfigured' })).status).toBe(502);
  });
});
