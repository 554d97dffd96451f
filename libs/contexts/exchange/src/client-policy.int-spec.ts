import type { Subject, VaultPolicy } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { Counters } from '@strongroom/locking';
import { ALICE, type ExchangeApp, startExchange } from '../test/exchange-app.js';
import type { CountedCounters } from '../test/said-ports.js';
import { RateRefusals } from './rate-refusals.js';

describe('the exchange of a client in bounds', () => {
  let app: ExchangeApp;

  beforeAll(async () => {
    app = await startExchange();
  });
  afterAll(() => app?.stop());
  beforeEach(() => app.clear());

  describe('a client with a policy', () => {
    const NONE = { connections: null, scopes: null, exchangesPerMinute: null, expiresAt: null };
    const bounded = (policy: Partial<VaultPolicy>, more: Partial<Subject> = {}) =>
      app.tokenOf({ ...ALICE, ...more, policy: { ...NONE, ...policy } });
    const ENDED = new Date(Date.now() - 1).toISOString();
    const refusalOf = async (...asked: Parameters<ExchangeApp['exchange']>) => {
      const { status, body, text } = await app.exchange(...asked);
      expect(text).not.toContain('cnry_');
      expect([status, body.error, body.error_details]).toEqual([
        ...[403, 'access_denied'],
        { reason: 'client_policy', connection: 'acme' },
      ]);
      return body.error_description;
    };

    it('AD-08 is refused beyond it, told which rule it was and who can change it, and recorded', async () => {
      const beyond: [Partial<VaultPolicy>, Record<string, string>, RegExp][] = [
        [{ connections: ['other'] }, {}, /vault_policy.connections/],
        [{ connections: [] }, {}, /vault_policy.connections/],
        [{ expiresAt: ENDED }, {}, /vault_policy.expires_at/],
        [{ scopes: ['read'] }, { scope: 'read write' }, /vault_policy.scopes/],
        [{ scopes: [] }, {}, /vault_policy.scopes/],
      ];
      for (const [policy, more, said] of beyond) {
        const description = await refusalOf(bounded(policy), more);
        expect(description).toMatch(said);
        expect(description).toMatch(/administrator.*update:clients/);
      }
      const all = await app.rows();
      expect(all).toHaveLength(beyond.length);
      for (const { payload } of all)
        expect(payload).toMatchObject({
          ...{ error: 'access_denied', reason: 'client_policy', clientId: 'app', personId: ALICE.personId },
          connectionId: 'con_acme',
        });
      const within = { connections: ['acme'], scopes: ['read', 'write'], expiresAt: '2999-01-01T00:00:00Z' };
      expect((await app.exchange(bounded(within))).status).toBe(200);
    });

    it('AD-08 gets what is left of a token with more scopes where the provider can narrow, and else nothing', async () => {
      app.vault.canNarrow = true;
      for (const more of [{}, { scope: 'read' }] as Record<string, string>[]) {
        const { status, body } = await app.exchange(bounded({ scopes: ['read', 'openid'] }), more);
        expect([status, body.scope]).toEqual([200, 'read']);
      }
      expect(app.vault.asked.map(({ scopes }) => scopes)).toEqual([null, ['read'], ['read']]);
      app.vault.canNarrow = false;
      for (const more of [{}, { scope: 'read' }] as Record<string, string>[])
        await refusalOf(bounded({ scopes: ['read'] }), more); // the whole came
    });

    it('AD-08 gets nothing with an empty list of scopes, of a provider without any as well', async () => {
      app.vault.more = { scopes: [] };
      expect((await app.exchange(bounded({ scopes: ['read'] }))).status).toBe(200);
      expect(await refusalOf(bounded({ scopes: [] }))).toContain('vault_policy.scopes');
      app.vault.more = {};
    });

    it('AD-08 X9 hears of a change at once: what was looked up ahead under the old policy stays here', async () => {
      const token = bounded({ scopes: ['read', 'write'] });
      expect((await app.exchange(token)).status).toBe(200);
      for (const policy of [{ scopes: ['read'] }, { connections: [] }, { expiresAt: ENDED }]) {
        app.subjects.people.set(token, { ...ALICE, policy: { ...NONE, ...policy } });
        await refusalOf(token);
      }
      expect(app.vault.asked.filter(({ mayRefresh }) => !mayRefresh)).toHaveLength(2); // the known bound held ahead, too
      app.subjects.people.set(token, ALICE);
      expect((await app.exchange(token)).status).toBe(200);
    });

    it('AD-08 bounds a privileged worker below its own grants', async () => {
      const jwt = { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' };
      const grants = [{ connection: 'acme', scopes: ['read', 'write'] }];
      const worker = { worker: { auditContext: 'nightly report', grants } };
      app.vault.canNarrow = true;
      expect((await app.exchange(bounded({ scopes: ['read'] }, worker), jwt)).body.scope).toBe('read');
      await refusalOf(bounded({ scopes: ['read'] }, worker), { ...jwt, scope: 'write' });
      for (const policy of [{ scopes: ['openid'] }, { connections: ['other'] }, { expiresAt: ENDED }])
        await refusalOf(bounded(policy, worker), jwt);
      expect(app.vault.asked.map(({ scopes }) => scopes)).toEqual([['read']]);
      const details = { reason: 'scope_not_narrowable', missing_scopes: [] };
      const audit = { accountId: 'cac_1' };
      await app.clear();
      app.vault.refusal = new VaultError('Leave scope out.', { code: 'invalid_scope', status: 400, details, audit });
      expect(await refusalOf(bounded({ scopes: ['read'] }, worker), jwt)).toContain('cannot be asked for less');
      expect((await app.rows()).map(({ payload }) => payload['accountId'])).toEqual(['cac_1']);
      expect((await app.exchange(bounded({}, worker), { ...jwt, scope: 'read' })).body.error).toBe('invalid_scope');
    });

    it('AD-08 may exchange as often as its policy says and not once more, and spends nothing of another', async () => {
      const PER_MINUTE = 3;
      const [one, other] = ['limited', 'other'].map((clientId) =>
        bounded({ exchangesPerMinute: PER_MINUTE }, { clientId }),
      );
      for (let left = PER_MINUTE - 1; left >= 0; left -= 1) {
        const { status, headers } = await app.exchange(one!);
        expect([status, headers['x-ratelimit-remaining']]).toEqual([200, String(left)]);
      }
      const { status, headers, body } = await app.exchange(one!);
      expect([status, body.error]).toEqual([429, 'too_many_requests']);
      const wait = Number(headers['retry-after']);
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(60);
      expect(body.error_details).toEqual({ reason: 'rate_limited', retry_after: wait });
      expect(headers).toMatchObject({ 'x-ratelimit-limit': String(PER_MINUTE), 'x-ratelimit-remaining': '0' });
      expect(Number(headers['x-ratelimit-reset'])).toBeGreaterThan(Date.now() / 1000);
      expect((await app.exchange(other!)).status).toBe(200);
      await app.nest.get(RateRefusals).closeAll();
    });

    it('AD-08 is never refused by rate without a limit, and costs no count', async () => {
      const counters = app.nest.get<Counters, CountedCounters>(Counters);
      counters.added = 0;
      const token = bounded({ scopes: ['read', 'write'] });
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, at) => app.exchange(at % 2 ? token : app.tokenOf(ALICE))),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(answers[0]!.headers).not.toHaveProperty('x-ratelimit-limit');
      expect(counters.added).toBe(0);
    });

    it('L4 AD-08 ten times its rate leaves two rows of refusals, that name the client and say how many', async () => {
      const token = bounded({ exchangesPerMinute: 5 }, { clientId: 'flood' });
      await Promise.all(Array.from({ length: 50 }, () => app.exchange(token)));
      await app.nest.get(RateRefusals).closeAll();
      const said = (await app.rows()).filter(({ type }) => type.includes('failed')).map(({ payload }) => payload);
      const refused = { clientId: 'flood', error: 'too_many_requests', reason: 'rate_limited' };
      expect(said).toMatchObject([refused, { ...refused, personId: null, requests: 44 }]);
      expect(said).toHaveLength(2);
    });
  });
});
