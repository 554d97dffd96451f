import { portTable, serviceNames } from './port-table.js';

const allBut = (service: string) => serviceNames.filter((name) => name !== service);
const vaultUsers = ['connected-accounts', 'exchange', 'identity'];

/** `spec/threats.md` S2, once more and by hand: what may be called across the network changes in two places or not at all. */
const MAY_CALL: Record<string, readonly string[]> = {
  'ConnectionDirectory.byName': allBut('connections'),
  'ConnectionDirectory.byId': allBut('connections'),
  'ConnectionDirectory.ofClient': allBut('connections'),
  'ConnectionDirectory.credentials': ['tokensets'],
  'ConnectionDirectory.deleted': ['tokensets'],
  'ConnectionListing.ofClient': ['identity'],
  'IntakeKeys.current': ['connected-accounts', 'connections', 'identity'],
  'Bearer.check': allBut('identity'),
  'Clients.get': allBut('identity'),
  'Clients.setup': ['exchange'],
  'Clients.isWebOrigin': ['audit', 'connected-accounts', 'exchange'],
  'People.get': allBut('identity'),
  'People.byUserId': allBut('identity'),
  'TokenVault.redeem': vaultUsers,
  'TokenVault.pushAuthorization': vaultUsers,
  'TokenVault.redeemed': vaultUsers,
  'TokenVault.accessToken': vaultUsers,
  'TokenVault.list': vaultUsers,
  'TokenVault.delete': vaultUsers,
  'TokenVault.label': ['connected-accounts'],
  'TokenVault.abandon': ['connected-accounts'],
  'TokenVault.pause': ['connected-accounts'],
  'TokenVault.revocations': vaultUsers,
  'SubjectTokens.validate': ['exchange'],
  'SignIn.redeem': ['connected-accounts'],
};
const cells = Object.entries(portTable).flatMap(([port, { methods }]) =>
  Object.entries(methods).map(([method, about]) => ({ name: `${port}.${method}`, ...about })),
);

describe('the table of ports', () => {
  it('S2 lets exactly these services call exactly these methods', () => {
    const table = Object.fromEntries(cells.map(({ name, callers }) => [name, [...callers].sort()]));
    expect(table).toEqual(Object.fromEntries(Object.entries(MAY_CALL).map(([name, all]) => [name, [...all].sort()])));
  });

  it('names every port by the class under which it is injected', () => {
    for (const [name, { port }] of Object.entries(portTable)) expect(port.name).toBe(name);
  });

  it('never repeats what counts once', () => {
    const once = cells.filter(({ isRepeatable }) => !isRepeatable).map(({ name }) => name);
    expect(once.sort()).toEqual([
      'Bearer.check', // a DPoP proof
      'SignIn.redeem', // a code
      'SubjectTokens.validate', // a client assertion
      'TokenVault.accessToken', // a refresh
      'TokenVault.delete',
      'TokenVault.pushAuthorization', // a request at the provider
      'TokenVault.redeem', // a code
    ]);
  });
});
