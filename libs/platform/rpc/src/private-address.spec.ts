import { clientOf } from '../test/pair.js';
import { insideOnly, refusePublicAddress } from './private-address.js';

describe('S3 calls in the clear', () => {
  it.each([
    'http://127.0.0.1:3100',
    'http://[::1]:3100',
    'http://10.1.2.3:3100',
    'http://localhost:3100',
    'https://1.1.1.1',
  ])('go to %s', async (url) => expect(await refusePublicAddress('STRONGROOM_IDENTITY_RPC_URL', url)).toBeUndefined());

  it.each(['http://1.1.1.1:3100', 'http://8.8.8.8', 'http://[2606:4700::1111]:3100'])(
    'do not go to %s',
    async (url) => {
      await expect(refusePublicAddress('STRONGROOM_IDENTITY_RPC_URL', url)).rejects.toThrow(
        /STRONGROOM_IDENTITY_RPC_URL/,
      );
      const client = clientOf('exchange', { identity: [url] });
      await expect(client.check()).rejects.toThrow(/STRONGROOM_IDENTITY_RPC_URL/);
      await client.close();
    },
  );
});

const found = (host: string, all: boolean) =>
  new Promise((resolve, reject) =>
    insideOnly(host, { all }, (error, address, family) => (error ? reject(error) : resolve([address, family]))),
  );

describe('S3 the addresses of a call in the clear', () => {
  it('are those of a name that leads inside, in the two shapes that Node asks for', async () => {
    expect(await found('127.0.0.1', false)).toEqual(['127.0.0.1', 4]);
    expect(await found('127.0.0.1', true)).toEqual([[{ address: '127.0.0.1', family: 4 }], undefined]);
    expect(await found('::ffff:10.0.0.1', false)).toEqual(['::ffff:10.0.0.1', 6]);
  });

  it.each(['1.1.1.1', '::ffff:1.1.1.1', '2606:4700::1111'])('are none where it came to lead to %s', async (address) => {
    await expect(found(address, true)).rejects.toThrow(/public address/);
  });
});
