import type { ConnectionView } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { PublicUrl } from '@strongroom/http';
import { explained, reasonOf, shown } from './refusal.js';

const publicUrl = new PublicUrl('https://vault.example.com');
const connection = { name: 'acme-crm' } as ConnectionView;
const refused = (code: string, status: number, details: Record<string, unknown>) =>
  new VaultError('no', { code, status, details });

describe('a refusal', () => {
  it('RE-01 says how to begin the connect flow, and which account to reconnect', () => {
    const missing = refused('federated_connection_refresh_token_not_found', 401, { reason: 'tokenset_not_found' });
    expect(explained(missing, connection, publicUrl).details).toEqual({
      reason: 'tokenset_not_found',
      connection: 'acme-crm',
      connect: {
        endpoint: 'https://vault.example.com/me/v1/connected-accounts/connect',
        body: { connection: 'acme-crm' },
      },
    });
    const account = { id: 'cac_1', login_hint: '7' };
    const dead = refused('x', 401, { reason: 'reconnect_required', cause: 'revoked_or_expired', account });
    expect(explained(dead, connection, publicUrl).details?.['connect']).toMatchObject({
      body: { connected_account_id: 'cac_1' },
    });
  });

  it('does not send a person to reconnect where only an administrator can help', () => {
    const blocked = refused('x', 401, { reason: 'reconnect_required', cause: 'admin' });
    expect(explained(blocked, connection, publicUrl).details).not.toHaveProperty('connect');
  });

  it('keeps from a caller who did not authenticate why', () => {
    const error = new VaultError('no', { code: 'invalid_client', status: 401, audit: { reason: 'client_public' } });
    expect(reasonOf(error)).toBe('client_public');
    expect(shown(error).details).toEqual({});
    expect(shown(error).code).toBe('invalid_client');
  });

  it('hides what failed on our side and asks to try again', () => {
    for (const failure of [new Error('password of the database'), refused('server_error', 500, {})]) {
      const hidden = explained(failure, connection, publicUrl);
      expect([hidden.status, hidden.retryAfter]).toEqual([503, 2]);
      expect(hidden.message).not.toContain('password');
      expect(reasonOf(hidden)).toBe('store_unavailable');
    }
    const configured = refused('server_error', 502, { reason: 'connection_misconfigured' });
    expect(explained(configured, connection, publicUrl).status).toBe(502);
  });
});
