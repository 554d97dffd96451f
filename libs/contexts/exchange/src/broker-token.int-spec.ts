import { ALICE, type Answered, type ExchangeApp, startExchange } from '../test/exchange-app.js';
import { ACCESS_TOKEN_TYPE, TOKEN_EXCHANGE_GRANT } from './exchange.request.js';

describe('the exchange as Keycloak has it', () => {
  let app: ExchangeApp;

  beforeAll(async () => {
    app = await startExchange();
  });
  afterAll(() => app?.stop());
  beforeEach(() => app.clear());

  describe("at Keycloak's path", () => {
    const FORM = 'application/x-www-form-urlencoded';
    const ask = async (
      { url = '/realms/any.Realm_1/broker/acme/token', type = FORM }: { url?: string; type?: string },
      sent: Record<string, string> | [string, string][] | string,
    ) => {
      const payload = typeof sent === 'string' ? sent : new URLSearchParams(sent).toString();
      const answer = await app.nest.inject({
        method: 'POST',
        url,
        headers: { 'content-type': type, dpop: 'p' },
        payload,
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.json<Answered>() };
    };

    it('AD-03 exchanges the access token of the form for the connection of the address', async () => {
      const token = app.tokenOf(ALICE);
      const { status, headers, body } = await ask(
        {},
        { token, client_id: 'app', client_secret: 'cnry_s', scope: 'read' },
      );
      expect(status).toBe(200);
      expect(headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
      expect(body).toMatchObject({ access_token: `cnry_at_${ALICE.personId}`, issued_token_type: ACCESS_TOKEN_TYPE });
      expect(app.subjects.asked).toMatchObject({
        ...{ grantType: TOKEN_EXCHANGE_GRANT, subjectTokenType: 'access_token', subjectToken: token },
        ...{ clientId: 'app', dpop: 'p', path: '/realms/any.Realm_1/broker/acme/token' },
      });
      expect((await app.rows()).map(({ type }) => type)).toEqual(['strongroom.exchange.succeeded.v1']);
      expect((await ask({}, { token, connection: 'acme', subject_token: 'cnry_other', grant_type: 'x' })).status).toBe(
        200,
      );
      expect(app.subjects.asked?.subjectToken).toBe(token);
    });

    it('AD-03 refuses as the token endpoint does, and records it', async () => {
      const token = app.tokenOf(ALICE);
      const unknown = '/realms/r/broker/nothing/token';
      const tooLarge = `token=${'x'.repeat(32 * 1024)}`;
      for (const [where, sent, status, error] of [
        [{}, { client_id: 'app' }, 400, 'invalid_request'],
        [{}, [...Object.entries({ token }), ['token', token]] as [string, string][], 400, 'invalid_request'],
        [{}, `token=${token}&subject_token=cnry_a&subject_token=cnry_b`, 400, 'invalid_request'],
        [{}, { token, audience: 'acme' }, 400, 'invalid_request'],
        [{}, { token, connection: 'other' }, 400, 'invalid_request'],
        [{}, { token, user_id: 'auth0|bob' }, 400, 'invalid_request'],
        [{}, tooLarge, 413, 'invalid_request'],
        [{ type: 'application/json' }, JSON.stringify({ token }), 400, 'invalid_request'],
        [{ url: unknown }, { token }, 400, 'invalid_target'],
        [{}, { token: 'cnry_nobody' }, 403, 'invalid_grant'],
      ] as const) {
        await app.owner.query('DELETE FROM exchange.outbox');
        const answer = await ask(where, sent);
        expect([sent, answer.status, answer.body.error]).toEqual([sent, status, error]);
        expect(answer.headers['www-authenticate']).toBeUndefined();
        expect((await app.rows()).map(({ payload }) => payload['error'])).toEqual([error]);
      }
      const second = await ask({}, { token, audience: 'acme' });
      expect(second.body.error_description).toBe('audience is not taken here: the address names the connection');
      expect((await ask({}, { token, audience: '' })).status).toBe(200);
    });

    it('AD-03 answers GET with the form to use, and knows no other realms', async () => {
      for (const method of ['GET', 'HEAD'] as const) {
        const answer = await app.nest.inject({ method, url: '/realms/r/broker/acme/token' });
        expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'POST']);
        if (method === 'GET') expect(answer.json<Answered>().error_description).toContain('POST /realms/');
      }
      const token = app.tokenOf(ALICE);
      for (const realm of ['a%20b', 'a%2Fb', 'x'.repeat(65), '%C3%A4'])
        expect((await ask({ url: `/realms/${realm}/broker/acme/token` }, { token })).status).toBe(404);
      expect(await app.rows()).toEqual([]);
    });
  });
});
