import { startOwnRegistry, type RegistryApp } from '../../test/registry-app.js';

describe('connections of a client over the Management API', () => {
  let registry: RegistryApp;
  let clientId: string;
  const list = (query = '', scopes?: string[]) =>
    registry.call('GET', `/clients/${clientId}/connections${query}`, undefined, scopes);

  beforeAll(async () => {
    registry = await startOwnRegistry();
    clientId = (await registry.call('POST', '/clients', { name: 'An application' })).body['client_id'] as string;
    const [a, b] = [
      { name: 'a', strategy: 'github', clientId },
      { name: 'b', strategy: 'okta', clientId },
    ];
    registry.listing.known.push(a, b, { name: 'c', strategy: 'okta', clientId: 'another' });
  });
  afterAll(() => registry?.stop());

  it('MG-22 lists those enabled for the client', async () => {
    const both = [
      { name: 'a', strategy: 'github' },
      { name: 'b', strategy: 'okta' },
    ];
    expect((await list()).body).toEqual({ connections: both });
    expect((await list('?strategy=okta&fields=name')).body).toEqual({ connections: [{ name: 'b' }] });
  });

  it('MG-22 lists page by page', async () => {
    const { connections, next } = (await list('?take=1')).body;
    expect(connections).toEqual([{ name: 'a', strategy: 'github' }]);
    expect((await list(`?take=1&from=${String(next)}`)).body).toEqual({
      connections: [{ name: 'b', strategy: 'okta' }],
    });
  });

  it.each([[['read:clients']], [['read:connections']]])('MG-22 needs more than %j', async (scopes) => {
    expect(await list('', scopes)).toMatchObject({ status: 403, body: { errorCode: 'insufficient_scope' } });
  });

  it.each(['read:clients', 'read:client_summary'])('MG-22 is open to read:connections with %s', async (scope) => {
    expect((await list('', ['read:connections', scope])).status).toBe(200);
  });

  it('MG-22 knows no other client', async () => {
    expect(await registry.call('GET', '/clients/nobody/connections')).toMatchObject({
      status: 404,
      body: { errorCode: 'inexistent_client' },
    });
  });
});
