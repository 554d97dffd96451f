import { Bench, refusal } from '../../test/bench.js';

const actor = { kind: 'user', id: 'ann' } as const;

describe('what a person says of an account', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  /** Two accounts of one person on one connection. */
  const two = async () => {
    const work = await bench.connected();
    bench.provider.subject = `private-${work.accountId}`;
    const { personId, connectionId } = work;
    const own = await bench.vault.redeem(await bench.redeemRequest(personId, connectionId));
    return { personId, connectionId, work, own: { ...work, tokensetId: own.tokensetId, accountId: own.accountId } };
  };
  const label = (of: { personId: string; accountId: string }, text: string | null) =>
    bench.vault.label({ personId: of.personId, accountId: of.accountId, label: text, actor });
  const pause = (of: { personId: string; accountId: string }, isPaused = true, clientId = 'app') =>
    bench.vault.pause({ personId: of.personId, accountId: of.accountId, clientId, isPaused, actor });

  it('AD-09 a label is a login_hint, is taken once, shown where one has to choose, and taken back', async () => {
    const { personId, connectionId, work, own } = await two();
    expect(await label(work, 'Work')).toEqual({ label: 'Work' });
    expect(await bench.token(work, { hint: 'Work' })).toMatchObject({ accountId: work.accountId });
    expect(await refusal(label(own, 'Work'))).toMatchObject({ code: 'label_taken', status: 409 });
    const { details } = await refusal(bench.token({ personId, connectionId }));
    expect(details!['accounts']).toMatchObject([{ id: work.accountId, label: 'Work' }, { id: own.accountId }]);

    expect((await label(work, null))!.label).toMatch(/@example\.com$/);
    expect(await refusal(bench.token(work, { hint: 'Work' }))).toMatchObject({ code: 'user_not_found' });
    expect(await label(own, 'Work')).toEqual({ label: 'Work' });
    expect(await bench.vault.list(personId)).toMatchObject([{ label: 'Work' }, { pausedClients: [] }]);
  });

  it("AD-09 a label that another account has from its provider is taken, another person's account is nobody's", async () => {
    const { work, own } = await two();
    const ofProvider = (await label(own, null))!.label;
    expect(await refusal(label(work, ofProvider))).toMatchObject({ code: 'label_taken' });
    const labels = (await bench.vault.list(work.personId)).map((account) => account.label);
    expect(labels.filter((one) => one === ofProvider)).toHaveLength(1);
    const stranger = { personId: bench.person(), accountId: work.accountId };
    expect(await label(stranger, 'Mine')).toBeNull();
    expect(await pause(stranger)).toBe(false);
    for (const text of ['', ' ', 'x'.repeat(81), 'a\nb', '\u200b\u00ad', '\u3164', 'a\u2028b', 'a\u202eb'])
      expect(await refusal(label(work, text))).toMatchObject({ code: 'invalid_label', status: 400 });
    expect(await label(work, '𝒳'.repeat(80))).not.toBeNull();
  });

  it('AD-09 a label is nothing that an exchange finds another account by', async () => {
    const { work, own } = await two();
    const email = (await label(own, null))!.label!;
    const subject = `private-${work.accountId}`;
    for (const text of [email.toUpperCase(), subject, own.accountId])
      expect(await refusal(label(work, text))).toMatchObject({ code: 'label_taken' });
    for (const text of [email, subject, own.accountId]) expect(await label(own, text)).toEqual({ label: text });
  });

  it('AD-09 a label is the same however its letters are put together', async () => {
    const { work, own } = await two();
    const [composed, apart] = ['\u00dcber', 'U\u0308ber'];
    expect(await label(work, apart)).toEqual({ label: composed });
    expect(await refusal(label(own, composed))).toMatchObject({ code: 'label_taken' });
    for (const hint of [composed, apart])
      expect(await bench.token(work, { hint })).toMatchObject({ accountId: work.accountId });
    expect(await label(work, 'e\u0301'.repeat(80))).toEqual({ label: 'é'.repeat(80) });
    expect(await refusal(label(work, 'e\u0301'.repeat(81)))).toMatchObject({ code: 'invalid_label' });
  });

  it('AD-09 of two accounts that want the same label at once exactly one gets it', async () => {
    const { work, own } = await two();
    for (let round = 0; round < 10; round += 1) {
      const both = await Promise.allSettled([label(work, `L${round}`), label(own, `L${round}`)]);
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    }
  });

  it('AD-10 a paused client gets nothing from then on, other clients do, and it again once it is let in', async () => {
    const of = await bench.connected();
    expect(await pause(of)).toBe(true);
    expect(await pause(of)).toBe(true);
    for (const mayRefresh of [true, false])
      expect(await refusal(bench.token(of, { mayRefresh }))).toMatchObject({
        code: 'access_denied',
        status: 403,
        details: {
          reason: 'paused_by_person',
          connection: bench.directory.views.get(of.connectionId)!.name,
          account: { id: of.accountId },
        },
      });
    expect(await bench.token(of, { clientId: 'other' })).not.toBeNull();
    expect(await bench.vault.list(of.personId)).toMatchObject([{ pausedClients: ['app'] }]);
    expect(await pause(of, false)).toBe(true);
    expect(await bench.token(of)).not.toBeNull();
  });

  it('AD-10 a paused account still counts when accounts are chosen', async () => {
    const { personId, connectionId, work, own } = await two();
    await pause(work);
    expect((await refusal(bench.token({ personId, connectionId }))).details).toMatchObject({
      reason: 'account_ambiguous',
    });
    expect(await refusal(bench.token(work, { hint: work.accountId }))).toMatchObject({ code: 'access_denied' });
    expect(await bench.token(own, { hint: own.accountId })).toMatchObject({ accountId: own.accountId });
  });

  it('AD-10 AD-09 CN-23 label and pause survive a reconnect and end with the account', async () => {
    const of = await bench.connected();
    await label(of, 'Work');
    await pause(of);
    const again = await bench.vault.redeem(await bench.redeemRequest(of.personId, of.connectionId));
    expect(again).toMatchObject({ reconnected: true, accountId: of.accountId, label: 'Work' });
    expect(await refusal(bench.token(of))).toMatchObject({ code: 'access_denied' });

    const { personId, accountId } = of;
    await bench.vault.delete({ personId, accountId, reason: 'disconnected', actor });
    const anew = await bench.vault.redeem(await bench.redeemRequest(of.personId, of.connectionId));
    expect(anew).toMatchObject({ reconnected: false, label: expect.stringMatching(/@example\.com$/) });
    expect(await bench.token(of)).not.toBeNull();
  });

  it('AD-10 a pause during a refresh keeps the token that it brings from the client', async () => {
    const of = await bench.connected();
    await bench.expire(of);
    bench.provider.before = async () => {
      await pause(of);
      return undefined;
    };
    expect(await refusal(bench.token(of))).toMatchObject({ code: 'access_denied' });
    bench.provider.before = () => undefined;
  });

  it('AD-10 of one account a hundred clients are paused at most, those that are paused any number of times', async () => {
    const of = await bench.connected();
    await bench.sql.query(
      `UPDATE tokensets SET paused_client_ids = ARRAY(SELECT 'c' || n FROM generate_series(1, 99) n) WHERE id = $1`,
      [of.tokensetId],
    );
    expect(await pause(of, true, 'c100')).toBe(true);
    expect(await refusal(pause(of))).toMatchObject({ code: 'too_many_pauses', status: 409 });
    expect(await pause(of, true, 'c7')).toBe(true);
    expect(await pause(of, false, 'c7')).toBe(true);
    expect(await pause(of)).toBe(true);
  });

  it('says nothing of a label or a pause in events, which name no one', async () => {
    const of = await bench.connected();
    await label(of, 'cnry_label');
    await pause(of);
    expect(await bench.events(of)).toHaveLength(1);
    expect(JSON.stringify(await bench.events(of))).not.toContain('cnry_label');
    const { rows } = await bench.sql.query('SELECT outcome FROM redeems');
    expect(JSON.stringify(rows)).not.toContain('@example.com');
  });
});
