import { testPostgres, type TestService } from '@strongroom/testing';
import { CLIENT, handler, ParkingInstallation } from '../../test/parking-installation.js';
import { strongroom } from '../../test/terminal.js';

describe('strongroom events', () => {
  let postgres: TestService;
  let installation: ParkingInstallation;

  beforeAll(async () => {
    postgres = await testPostgres();
    installation = await ParkingInstallation.start(postgres.url);
  });
  afterAll(async () => {
    await installation?.close();
    await postgres?.stop();
  });
  beforeEach(() => void (handler.isBroken = true));

  const events = async (parameters: string[], environment: Record<string, string> = {}) => {
    const said = await strongroom(['events', ...parameters], {
      STRONGROOM_PUBLIC_URL: installation.url,
      STRONGROOM_MANAGEMENT_CLIENT_ID: CLIENT.id,
      STRONGROOM_MANAGEMENT_CLIENT_SECRET: CLIENT.secret,
      ...environment,
    });
    expect(said.text).not.toMatch(/cnry_/);
    return said;
  };
  const parked = async (key: string) => (await events(['parked', '--context', 'tokensets', '--key', key])).text;

  it('lists what is parked, page after page', async () => {
    const key = await installation.park(101);
    const { code, text } = await events(['parked', '--consumer', 'strongroom.tokensets', '--key', key]);
    expect([code, text]).toEqual([0, expect.stringMatching(/101 parked\.$/)]);
    expect(text).toMatch(new RegExp(`connection\\.updated\\.v1  key ${key}  event \\S{36}  sequence 1  TypeError`));
  });

  it('E8: replays a key once its handler is mended, and says 1 until then', async () => {
    const [key, other] = [await installation.park(3), await installation.park(1)];
    const replay = ['replay', '--context', 'tokensets', '--key', key];
    expect(await events(replay)).toMatchObject({ code: 1, text: expect.stringMatching(/0 replayed, 3 still parked/) });
    handler.isBroken = false;
    expect(await events(replay)).toMatchObject({ code: 0, text: expect.stringMatching(/3 replayed, 0 still parked/) });
    expect([await parked(key), await parked(other)]).toEqual(['0 parked.', expect.stringMatching(/1 parked\.$/)]);
    expect((await events(['replay', '--context', 'tokensets'])).code).toBe(0);
    expect(await parked(other)).toBe('0 parked.');
  });

  it('drops one for a reason, by the id that the list shows', async () => {
    const key = await installation.park(2);
    const [, id] = /event (\S{36})/.exec(await parked(key))!;
    const drop = ['drop', '--context', 'tokensets', '--event', id!];
    expect((await events(drop)).code).toBe(2);
    expect(await events([...drop, '--reason', 'made good by hand'])).toMatchObject({ code: 0 });
    expect(await parked(key)).toMatch(/1 parked\.$/);
    const again = await events([...drop, '--reason', 'again']);
    expect([again.code, again.text]).toEqual([1, expect.stringMatching(/no event \S+ is parked at tokensets/)]);
  });

  it.each([
    [
      { STRONGROOM_MANAGEMENT_CLIENT_SECRET: 'cnry_another_long_secret' },
      /client is refused: correct its id and secret/,
    ],
    [{ STRONGROOM_PUBLIC_URL: 'http://127.0.0.1:9' }, /127\.0\.0\.1:9 does not answer \(ECONNREFUSED\): correct --url/],
    [{ STRONGROOM_PUBLIC_URL: '' }, /say where Strongroom is: --url/],
    [
      { STRONGROOM_MANAGEMENT_CLIENT_SECRET: '' },
      /management-client-secret cannot be read: set STRONGROOM_SECRETS_DIR/,
    ],
  ])('says what to do about %j', async (changed, what) => {
    const { code, text } = await events(['parked', '--context', 'tokensets'], changed);
    expect([code, text]).toEqual([1, expect.stringMatching(what)]);
  });

  it('answers wrong use with 2', async () => {
    expect((await events(['parked'])).code).toBe(2);
    expect((await events(['parked', '--context', 'nobody'])).code).toBe(2);
    expect((await events([])).code).toBe(2);
  });
});
