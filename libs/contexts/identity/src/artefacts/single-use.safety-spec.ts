import { jest } from '@jest/globals';
import { recordFigure, safetyCount } from '@strongroom/testing';
import type { DataSource } from 'typeorm';
import { type AuthorizationApp, CALLBACK, ROTATING, type Signed, startIdentity } from '../../test/authorization-app.js';
import { ArtefactAdapter } from '../library/artefact-adapter.js';
import { RefreshTokens } from '../tokens/refresh-tokens.js';

const ROUNDS = safetyCount('ROUNDS', { short: 8, full: 200 });
const AT_ONCE = 50;
/** Between the read that finds a token and the write that uses it up: without it the redemptions hardly meet. */
const DELAY_MS = 3;

type Use = RefreshTokens['use'];
interface Adapter {
  database: DataSource;
  kind: string;
}

const consume = Object.getOwnPropertyDescriptor(ArtefactAdapter.prototype, 'consume')!
  .value as ArtefactAdapter['consume'];
const use = Object.getOwnPropertyDescriptor(RefreshTokens.prototype, 'use')!.value as Use;
const delay = () => new Promise((done) => setTimeout(done, DELAY_MS));
/** For a control: nobody writes before a second one has read. */
const meeting = () => {
  let met = (): void => undefined;
  const both = new Promise<void>((done) => (met = done));
  let here = 0;
  return () => ((here += 1) > 1 && met(), both);
};

describe('what works once', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  const email = 'someone@example.com';

  beforeAll(async () => {
    identity = await startIdentity();
    client = await identity.client(ROTATING);
    await identity.person(email);
  });
  beforeEach(() => {
    jest.spyOn(ArtefactAdapter.prototype, 'consume').mockImplementation(async function (this: ArtefactAdapter, id) {
      await delay();
      return consume.call(this, id);
    });
    jest.spyOn(RefreshTokens.prototype, 'use').mockImplementation(async function (this: RefreshTokens, ...given) {
      await delay();
      return use.apply(this, given);
    });
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => identity?.stop());

  interface Outcome {
    status: number;
    error: unknown;
    refreshToken: string;
  }
  /** Over the socket, as clients come. */
  const post = async (form: Record<string, string>): Promise<Outcome> => {
    const body = new URLSearchParams({ client_id: client.client_id, client_secret: client.client_secret, ...form });
    const answer = await fetch(`${identity.origin}/oauth/token`, { method: 'POST', body });
    const said = (await answer.json()) as Record<string, unknown>;
    return { status: answer.status, error: said['error'], refreshToken: said['refresh_token'] as string };
  };
  const redeem = ({ params, verifier }: Signed) =>
    post({
      ...{ grant_type: 'authorization_code', code: params.get('code')!, redirect_uri: CALLBACK },
      code_verifier: verifier,
    });
  const refresh = (refreshToken: string) => post({ grant_type: 'refresh_token', refresh_token: refreshToken });
  const sumUp = (answers: Outcome[]) => ({
    good: answers.filter(({ status }) => status === 200).length,
    refused: answers.filter(({ error, status }) => error === 'invalid_grant' && status < 500).length,
  });
  const asOne = { good: 1, refused: AT_ONCE - 1 };
  const together = (run: () => Promise<Outcome>, callers = AT_ONCE) =>
    Promise.all(Array.from({ length: callers }, run));
  /** Enough to be seen in a control: a third one would read what the first has used up, and end what both were given. */
  const TWO = 2;
  const report = (id: string, title: string, rounds: ReturnType<typeof sumUp>[], control: string) => {
    const wrong = rounds.filter(({ good, refused }) => good !== asOne.good || refused !== asOne.refused).length;
    recordFigure({
      id,
      title: `${title}, ${AT_ONCE} at once over HTTP, ${DELAY_MS} ms between read and write`,
      required: 'one 200 in each round, every other one invalid_grant',
      measured: `${rounds.length - wrong} of ${rounds.length} rounds`,
      holds: wrong === 0,
      control,
    });
    expect(wrong).toBe(0);
  };

  it('GR-10, ID-11 and A1 one of 50 redemptions of a code succeeds, and what it gave ends', async () => {
    const browser = identity.browser();
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) {
      const signed = await identity.authorize(browser, email, client);
      const answers = await together(() => redeem(signed));
      rounds.push(sumUp(answers));
      const won = answers.find(({ status }) => status === 200);
      if (won) expect((await refresh(won.refreshToken)).error).toBe('invalid_grant');
    }
    report('single-use-code', 'One code redeemed', rounds, 'with a consume that compares nothing several succeed');
  }, 600_000);

  it('GR-10 and A1 one of 50 uses of a rotating refresh token without leeway succeeds', async () => {
    const browser = identity.browser();
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { refreshToken } = await redeem(await identity.authorize(browser, email, client));
      rounds.push(sumUp(await together(() => refresh(refreshToken))));
    }
    report(
      'single-use-refresh',
      'One rotating refresh token used',
      rounds,
      'with a row that forgets that it was used several succeed',
    );
  }, 600_000);

  it('would have seen an adapter that compares nothing', async () => {
    const another = meeting();
    jest.spyOn(ArtefactAdapter.prototype, 'consume').mockImplementation(async function (this: ArtefactAdapter, id) {
      await another();
      const { database, kind } = this as object as Adapter;
      await database.query(
        `update artefacts set consumed_at = clock_timestamp() where kind = $1 and id_hash = sha256($2)`,
        [kind, Buffer.from(id)],
      );
    });
    const signed = await identity.authorize(identity.browser(), email, client);
    expect(sumUp(await together(() => redeem(signed), TWO)).good).toBe(TWO);
  });

  it('would have seen a refresh token that forgets that it was used', async () => {
    const another = meeting();
    // One after the other: between forgetting and using lies no use by the other.
    let turn: Promise<unknown> = Promise.resolve();
    jest.spyOn(RefreshTokens.prototype, 'use').mockImplementation(async function (
      this: RefreshTokens,
      token,
      settings,
    ) {
      await another();
      const used = turn.then(async () => {
        await identity.database.query(
          `update artefacts set consumed_at = null where kind = 'RefreshToken' and id_hash = $1`,
          [token.hash],
        );
        return use.call(this, token, settings);
      });
      turn = used.catch(() => undefined);
      return used;
    });
    const { refreshToken } = await redeem(await identity.authorize(identity.browser(), email, client));
    expect(sumUp(await together(() => refresh(refreshToken), TWO)).good).toBe(TWO);
  });
});
