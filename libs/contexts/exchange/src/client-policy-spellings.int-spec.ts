import type { VaultPolicy } from '@strongroom/contracts';
import { ALICE, type ExchangeApp, startExchange } from '../test/exchange-app.js';

const LONG = 'https://provider.example/auth/email';
const NONE = { connections: null, scopes: null, exchangesPerMinute: null, expiresAt: null };

describe('a policy whose scopes are spelled otherwise than the provider does', () => {
  let app: ExchangeApp;
  beforeAll(async () => {
    app = await startExchange();
    app.directory.views.set('spelled', { scopeSpellings: [['email', LONG]] });
    app.vault.more = { scopes: ['openid', LONG] };
  });
  afterAll(() => app?.stop());
  beforeEach(() => app.clear());

  const exchange = async (scopes: string[], more: Record<string, string> = {}, worker = {}) => {
    const policy: VaultPolicy = { ...NONE, scopes };
    const token = app.tokenOf({ ...ALICE, policy, ...worker });
    const first = await app.exchange(token, { connection: 'spelled', ...more });
    const again = await app.exchange(token, { connection: 'spelled', ...more });
    expect([again.status, again.body.error]).toEqual([first.status, first.body.error]);
    return [first.status, first.body.scope ?? first.body.error_details?.['reason']];
  };

  it('AD-08 lets through what it lists under another name, asked for by either', async () => {
    for (const listed of ['email', LONG])
      for (const more of [{}, { scope: 'email' }, { scope: LONG }] as Record<string, string>[])
        expect(await exchange(['openid', listed], more)).toEqual([200, `openid ${LONG}`]);
  });

  it('AD-08 lets nothing else through, and nothing where the connection does not know the names', async () => {
    const refused = [403, 'client_policy'];
    expect(await exchange(['openid'])).toEqual(refused);
    expect(await exchange(['email'])).toEqual(refused);
    expect(await exchange([])).toEqual(refused);
    expect(await exchange(['openid', 'email'], { scope: 'openid write' })).toEqual(refused);
    expect(await exchange(['openid', 'email'], { connection: 'acme' })).toEqual(refused);
  });

  it('AD-08 bounds a privileged worker in the words of its grants', async () => {
    const grants = [{ connection: 'spelled', scopes: ['openid', LONG] }];
    const worker = { worker: { auditContext: 'nightly report', grants } };
    const jwt = { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' };
    expect(await exchange(['openid', 'email'], jwt, worker)).toEqual([200, `openid ${LONG}`]);
    expect(app.vault.asked.at(-1)).toMatchObject({ scopes: ['openid', LONG] });
  });
});
