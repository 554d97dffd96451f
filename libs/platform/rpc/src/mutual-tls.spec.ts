import { request } from 'node:https';
import type { TokenVault } from '@strongroom/contracts';
import { makeTls } from '../test/certificates.js';
import { echoes, keysOf, logger } from '../test/pair.js';
import { RpcClient } from './rpc-client.js';
import { RpcServer, type RpcTls } from './rpc-server.js';

describe('S3 mutual TLS between services', () => {
  let [ours, strangers]: RpcTls[] = [];
  let server: RpcServer;
  beforeAll(async () => {
    [ours, strangers] = [await makeTls(), await makeTls()];
    const options = { name: 'tokensets', keys: keysOf('tokensets'), logger, host: '127.0.0.1', port: 0 } as const;
    server = new RpcServer({ ...options, tls: ours });
    await server.listen();
    server.serve(echoes('tokensets'));
  });
  afterAll(() => server.close());

  const list = async (tls: RpcTls | undefined, scheme = 'https') => {
    const urls = { tokensets: [`${scheme}://127.0.0.1:${server.address.port}`] };
    const client = new RpcClient({ name: 'exchange', keys: keysOf('exchange'), urls, logger, ...(tls ? { tls } : {}) });
    try {
      return await client.port<TokenVault>('TokenVault').list('p');
    } finally {
      await client.close();
    }
  };
  const isAway = { code: 'temporarily_unavailable', status: 503 };

  it('answers a caller with a certificate of the same authority', async () => {
    expect(await list(ours)).toBe('TokenVault.list');
  });

  it('does not answer one with a certificate of another authority', async () => {
    await expect(list({ ...strangers!, ca: ours!.ca })).rejects.toMatchObject(isAway);
  });

  it('does not answer one that shows none, or speaks in the clear', async () => {
    const { port } = server.address;
    await expect(
      new Promise((resolve, reject) =>
        request({ host: '127.0.0.1', port, ca: ours!.ca }, resolve).on('error', reject).end(),
      ),
    ).rejects.toThrow();
    await expect(list(undefined, 'http')).rejects.toMatchObject(isAway);
  });

  it('calls no server with a certificate of another authority', async () => {
    await expect(list({ ...ours!, ca: strangers!.ca })).rejects.toMatchObject(isAway);
  });
});
