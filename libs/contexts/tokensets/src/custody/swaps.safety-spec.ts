import { recordFigure, safetyCount } from '@strongroom/testing';
import { Bench, refusal } from '../../test/bench.js';
import {
  type Account,
  type Field,
  FIELDS,
  type Place,
  VaultWriter,
  type Version,
} from '../../test/custody/vault-writer.js';
import { Provider } from '../../test/provider.js';

const VERSIONS = 3;
/** How many records may fail to open before the vault takes it for a mistake of its operator and opens none. */
const BEFORE_THE_BRAKE = 9;

describe('a record in another place', () => {
  let bench: Bench;
  let writer: VaultWriter;
  let places: Place[];
  let refusals = 0;

  beforeAll(async () => {
    bench = await Bench.start({ refreshWaitMs: 20_000 });
    writer = new VaultWriter(bench);
    places = await history();
  });
  afterAll(() => bench.stop());

  /** Every record that two persons' four accounts each have ever had: two fields, three versions. */
  async function history(): Promise<Place[]> {
    const connectionId = await bench.connection();
    const versions: Version[] = [];
    for (const personId of [bench.person(), bench.person()])
      for (let n = 0; n < 4; n += 1) {
        bench.provider.subject = `upstream-${personId.slice(0, 8)}-${n}`;
        const redeemed = await bench.vault.redeem(await bench.redeemRequest(personId, connectionId));
        const account = { personId, connectionId, tokensetId: redeemed.tokensetId, accountId: redeemed.accountId };
        versions.push(await writer.read(account));
        while (versions.at(-1)!.version < VERSIONS) {
          await bench.expire(account);
          await tokenOf(account);
          versions.push(await writer.read(account));
        }
      }
    return versions.flatMap((of) => FIELDS.map((field) => ({ of, field })));
  }

  const newest = (field: Field) => places.filter((place) => place.of.version === VERSIONS && place.field === field);
  const tokenOf = (account: Account) => bench.token(account, { hint: account.accountId });

  /** What the vault remembers of records that did not open ends with its process. */
  async function refused(): Promise<void> {
    refusals += 1;
    if (refusals % BEFORE_THE_BRAKE > 0) return;
    await bench.app.close();
    await bench.boot();
  }

  /** Null: refused as it has to be, and nothing went out. Else what was wrong. */
  async function wrongWith(target: Place): Promise<string | null> {
    const { account } = target.of;
    const [before, sent] = [await bench.row(account), bench.provider.calls.length];
    const answer = await tokenOf(account).then(
      (token) => ({ out: token?.accessToken ?? 'nothing' }),
      (error: { details?: Record<string, unknown> }) => ({ details: error.details }),
    );
    await refused();
    if ('out' in answer) return `answered with ${answer.out}`;
    if (answer.details?.['reason'] !== 'credential_unreadable')
      return `refused with ${String(answer.details?.['reason'])}`;
    if (bench.provider.calls.length > sent) return 'a token was sent to the provider';
    const row = (await bench.row(account))!;
    if (row.reason !== 'unreadable') return `left as ${row.status} ${row.reason}`;
    const isKept = FIELDS.every((field) => row[`${field}_sealed`]?.equals(before![`${field}_sealed`]!));
    if (!isKept) return 'the bytes were not kept';
    const last = (await bench.events(account)).at(-1)!;
    if (!/reconnect_required/.test(last.type) || last.data['reason'] !== 'unreadable') return `said ${last.type}`;
    return null;
  }

  it('control: every record opens where it is right', async () => {
    expect(places).toHaveLength(2 * 4 * FIELDS.length * VERSIONS);
    for (const place of places.filter(({ field }) => field === 'access')) {
      await writer.put(place, place.of.sealed.access);
      expect(await tokenOf(place.of.account)).toMatchObject({ refreshed: false });
    }
    // The provider takes the newest ones only.
    for (const place of newest('refresh')) {
      await writer.put(place, place.of.sealed.refresh);
      expect(await tokenOf(place.of.account)).toMatchObject({ refreshed: true });
    }
  });

  it('D1: does not open for any pair of them, with its key brought along or without: 0 tokens out', async () => {
    const pairs = places.flatMap((target) =>
      places.filter((from) => from !== target).map((from) => ({ target, from })),
    );
    const count = Math.min(safetyCount('SWAPS', { short: 240, full: pairs.length }), pairs.length);
    const wrong: string[] = [];
    for (let n = 0; n < count; n += 1) {
      const { target, from } = pairs[Math.floor((n * pairs.length) / count)]!;
      const name = `${nameOf(from)} in the place of ${nameOf(target)}`;
      const isForeign = from.of.account !== target.of.account;
      for (const keyId of isForeign ? [target.of.keyId, from.of.keyId] : [target.of.keyId]) {
        await writer.put(target, from.of.sealed[from.field], keyId);
        const what = await wrongWith(target);
        if (what) wrong.push(`${name}: ${what}`);
      }
    }
    recordFigure({
      id: 'swaps',
      title: 'Records that open in the place of another (8 tokensets of 2 persons, 2 fields, 3 versions)',
      required: `0 of ${pairs.length.toLocaleString('en')} ordered pairs, 0 tokens out`,
      measured: `${wrong.length} of ${count.toLocaleString('en')} pairs`,
      holds: wrong.length === 0,
      control: 'without the version, or the field, in the list that a record is bound to: red',
    });
    expect(wrong).toEqual([]);
  }, 900_000);

  it('D1: does not open at a later version, nor the whole old pair together', async () => {
    for (const target of [...newest('access'), ...newest('refresh')]) {
      const old = places.find(
        ({ of, field }) => of.account === target.of.account && field === target.field && of.version === 1,
      )!;
      await writer.put({ ...target, of: { ...target.of, sealed: old.of.sealed } }, old.of.sealed[old.field]);
      expect(await wrongWith(target)).toBeNull();
    }
  });

  it('M3: does not open in a row that was given to another person, account, connection or origin', async () => {
    const { of } = newest('access')[0]!;
    const elsewhere = await Provider.start();
    const thief = bench.person();
    const evil = await bench.connection({}, { tokenOrigin: elsewhere.url });
    Object.assign(bench.directory.views.get(evil)!.options, { tokenURL: `${elsewhere.url}/token` });
    const moves: [Record<string, string>, Partial<Account>][] = [
      [{ person_id: thief }, { personId: thief }],
      [{ provider_subject: 'somebody else' }, {}],
      [{ connection_id: evil, token_origin: elsewhere.url }, { connectionId: evil }],
    ];
    for (const [columns, moved] of moves)
      for (const field of FIELDS) {
        await writer.put({ of, field }, of.sealed[field]);
        const undo = await writer.move(of.account, columns);
        const { details } = await refusal(tokenOf({ ...of.account, ...moved }));
        await undo();
        await refused();
        expect([columns, field, details?.['cause']]).toEqual([columns, field, 'unreadable']);
      }
    expect(elsewhere.calls).toEqual([]);
    await elsewhere.stop();
  });

  it('D1: does not open under the wrapped key of another tokenset', async () => {
    const [one, other] = newest('access') as [Place, Place];
    await writer.put(one, one.of.sealed.access);
    const undo = await writer.giveKey(one.of.keyId, other.of.keyId);
    // The key that was unwrapped before is remembered for a minute of the process.
    await bench.app.close();
    await bench.boot();
    expect(await wrongWith(one)).toBeNull();
    await undo();
    await writer.put(one, one.of.sealed.access);
    expect((await tokenOf(one.of.account))?.tokensetId).toBe(one.of.account.tokensetId);
  });
});

const nameOf = ({ of, field }: Place): string => `${of.account.tokensetId} ${field} ${of.version}`;
