import { type Answer, eventually, Installation } from './driver/index.js';

const RINGS = { tokensets: '/keys/encryption', identity: '/keys/encryption/identity' } as const;

describe('encryption keys over the Management API', () => {
  const installation = Installation.fromEnvironment();
  afterAll(() => installation.close());

  const list = (path: string): Promise<Answer> => installation.management('GET', path);
  const keysOf = ({ list: keys }: Answer) => keys;
  const isMoving = (answer: Answer) =>
    keysOf(answer).some(({ state }) => state === 'pre_active' || state === 'retiring');
  const settled = (path: string) =>
    eventually(
      () => list(path),
      (answer) => !isMoving(answer),
    );

  it.each(Object.entries(RINGS))(
    'MG-28 lists and rotates the ring of %s, one rotation at a time',
    async (ring, path) => {
      const before = await settled(path);
      expect(before.status).toBe(200);
      expect(keysOf(before).filter(({ state }) => state === 'primary')).toEqual([
        {
          kid: expect.any(String) as string,
          context: ring,
          state: 'primary',
          created_at: expect.any(String) as string,
          sealed: expect.any(Number) as number,
          remaining: expect.any(Number) as number,
          progress: expect.any(Number) as number,
        },
      ]);
      expect((await installation.management('POST', `${path}/rekey`)).status).toBe(204);
      expect(await installation.management('POST', `${path}/rekey`)).toMatchObject({
        status: 409,
        json: { errorCode: 'rotation_running' },
      });
      const after = await settled(path);
      const was = keysOf(before).find(({ state }) => state === 'primary')!['kid'];
      expect(keysOf(after).find(({ kid }) => kid === was)).toMatchObject({
        state: 'retired',
        remaining: 0,
        progress: 1,
      });
      expect(keysOf(after).filter(({ state }) => state === 'primary')).toHaveLength(1);
    },
  );
});
