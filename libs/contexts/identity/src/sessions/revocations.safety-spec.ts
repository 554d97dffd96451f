import { jest } from '@jest/globals';
import { VaultError } from '@strongroom/errors';
import { recordFigure, safetyCount } from '@strongroom/testing';
import { decodeJwt } from 'jose';
import { type AuthorizationApp, startIdentity } from '../../test/authorization-app.js';
import { type Browser } from '../../test/browser.js';
import { ArtefactsService } from '../artefacts/artefacts.service.js';

type Client = { client_id: string; client_secret: string };

/** What one sign-in gave: both kinds of subject, as the exchange takes them. */
interface Held {
  browser: Browser;
  client: Client;
  refreshToken: string;
  accessToken: string;
  sid: string;
}

const ROUNDS = safetyCount('REVOCATIONS', { short: 40, full: 1_000 });
/** Of cases that take a password each time, which costs what it shall cost. */
const WITH_PASSWORD = safetyCount('REVOCATIONS_WITH_PASSWORD', { short: 10, full: 1_000 });

/** Generous: only a run that hangs meets it. */
const LONGEST_MS = 60_000 + 3_000 * Math.max(ROUNDS, WITH_PASSWORD);
jest.setTimeout(LONGEST_MS);

const EMAIL = 'someone@example.com';
const ASKED = { audience: 'things', scope: 'openid offline_access read:things' };

/** Figure 34: what was ended gives nothing from the answer on, whatever it was ended by. */
describe('the first exchange after an end', () => {
  let identity: AuthorizationApp;
  let client: Client;
  let ofApi: Client;
  let user: { user_id: string };
  let browser: Browser;
  const results: { what: string; rounds: number; through: number }[] = [];
  let caught = false;

  beforeAll(async () => {
    // A replaced secret is refused once a round, which is not to be told from guessing.
    const settings = { authFailures: 10 * ROUNDS };
    identity = await startIdentity(undefined, undefined, { settings });
    client = await identity.client();
    ofApi = await identity.api('things');
    user = await identity.person(EMAIL);
    browser = identity.browser();
  });
  afterAll(async () => {
    await identity?.stop();
    const [rounds, through] = [sumOf('rounds'), sumOf('through')];
    recordFigure({
      id: '34 (identity)',
      title: 'the first exchange after a person, session, grant, refresh token, client or secret was ended',
      required: '0 of 1,000 get through, each',
      measured: `${through} of ${rounds} (${results.map(({ what, rounds }) => `${what} ${rounds}`).join(', ')})`,
      holds: through === 0 && results.length === 7 && caught,
      control: 'a session that is said to be ended and is not: its tokens are exchanged',
    });
  });

  const sumOf = (member: 'rounds' | 'through') => results.reduce((sum, one) => sum + one[member], 0);
  const pathOf = ({ user_id }: { user_id: string }) => `/users/${encodeURIComponent(user_id)}`;

  const signIn = async (inBrowser: Browser, of = client, email = EMAIL): Promise<Held> => {
    const answer = await identity.redeem(of, await identity.authorize(inBrowser, email, of, ASKED));
    if (answer.status !== 200) throw new Error(answer.text);
    const { refresh_token, access_token } = answer.body as { refresh_token: string; access_token: string };
    const sid = decodeJwt(access_token)['sid'] as string;
    return { browser: inBrowser, client: of, refreshToken: refresh_token, accessToken: access_token, sid };
  };
  const isGood = async (exchange: Promise<unknown>): Promise<boolean> => {
    try {
      await exchange;
      return true;
    } catch (error) {
      if (error instanceof VaultError && (error.status === 401 || error.status === 403)) return false;
      throw error;
    }
  };
  /** The two exchanges that the tokens are good for. */
  const exchanges = async ({ client: of, refreshToken, accessToken }: Held): Promise<boolean[]> => [
    await isGood(identity.subjects.validate(identity.subject(refreshToken, of))),
    await isGood(
      identity.subjects.validate(identity.subject(accessToken, ofApi, { subjectTokenType: 'access_token' })),
    ),
  ];
  const managed = async (method: string, path: string, body?: object) => {
    const { status, text, body: answer } = await identity.manage(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return answer;
  };

  /** Gives, ends, and looks. `stays`: the access token is not what was ended. */
  const run = async (
    what: string,
    rounds: number,
    give: () => Promise<Held>,
    end: (held: Held) => Promise<unknown>,
    { stays = false } = {},
  ) => {
    let through = 0;
    for (let round = 0; round < rounds; round++) {
      const held = await give();
      expect(await exchanges(held)).toEqual([true, true]);
      await end(held);
      const after = await exchanges(held);
      if (stays) expect(after[1]).toBe(true);
      if (after[0] || (after[1] && !stays)) through++;
    }
    results.push({ what, rounds, through });
    expect(through).toBe(0);
  };

  it('X9 and RE-21 34 is refused when the person was disabled', async () => {
    const give = async () => {
      await managed('PATCH', pathOf(user), { blocked: false });
      return signIn(browser);
    };
    await run('persons disabled', WITH_PASSWORD, give, () => managed('PATCH', pathOf(user), { blocked: true }));
    await managed('PATCH', pathOf(user), { blocked: false });
  });

  it('X9 34 is refused when the person was deleted', async () => {
    let one: { user_id: string; email: string };
    let count = 0;
    const give = async () => {
      one = await identity.person(`deleted${++count}@example.com`);
      return signIn(identity.browser(), client, one.email);
    };
    await run('persons deleted', WITH_PASSWORD, give, () => managed('DELETE', pathOf(one)));
  });

  it('X9 34 is refused when the session was revoked', async () => {
    const end = ({ sid }: Held) => managed('POST', `/sessions/${sid}/revoke`);
    await run('sessions', WITH_PASSWORD, () => signIn(browser), end);
  });

  it('X9 and RE-21 34 is refused when what the person had allowed was taken back', async () => {
    const end = () => managed('DELETE', `/grants?user_id=${encodeURIComponent(user.user_id)}`);
    await run('grants', ROUNDS, () => signIn(browser), end);
  });

  it('X9 34 is refused when the refresh token was ended, and what else was given stays', async () => {
    const end = async () => {
      const { tokens } = (await managed('GET', `${pathOf(user)}/refresh-tokens?take=1`)) as {
        tokens: [{ id: string }];
      };
      await managed('DELETE', `/refresh-tokens/${tokens[0].id}`);
    };
    await managed('DELETE', `${pathOf(user)}/refresh-tokens`);
    await run('refresh tokens', ROUNDS, () => signIn(browser), end, { stays: true });
  });

  it('X9 34 is refused when the client was deleted', async () => {
    const give = async () => signIn(browser, await identity.client());
    await run('clients deleted', ROUNDS, give, ({ client: of }) => managed('DELETE', `/clients/${of.client_id}`));
  });

  it('X9 34 is refused with the secret that was replaced, and good with the new one', async () => {
    let held = await signIn(browser);
    const end = async () => {
      const answer = await managed('POST', `/clients/${client.client_id}/rotate-secret`);
      client = { ...client, client_secret: answer['client_secret'] as string };
    };
    const give = async () => (held = { ...held, client });
    await run('secrets', ROUNDS, give, end, { stays: true });
    expect(await exchanges({ ...held, client })).toEqual([true, true]);
  });

  it('control: sees an end that ends nothing', async () => {
    const held = await signIn(browser);
    jest.spyOn(ArtefactsService.prototype, 'endSessions').mockResolvedValue();
    await managed('POST', `/sessions/${held.sid}/revoke`);
    jest.restoreAllMocks();
    caught = (await exchanges(held)).every(Boolean);
    expect(caught).toBe(true);
  });
});
