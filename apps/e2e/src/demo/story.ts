import { setTimeout as sleep } from 'node:timers/promises';
import {
  connect,
  createClient,
  createConnection,
  createPerson,
  eventually,
  exchange,
  GRACE,
  login,
  myAccountToken,
  type Client,
  type Connection,
  type Installation,
  type Json,
  type Person,
} from '../driver/index.js';
import type { Narrator } from './narrator.js';

/** What the provider says of its tokens. It ends them when this is over and not before, however slow the machine. */
const TOKEN_SECONDS = 4;

/** The whole path of one account, from nothing to disconnected, over HTTP only. */
export async function tell(installation: Installation, narrator: Narrator): Promise<void> {
  const client = await createClient(installation);
  narrator.happened(`Registered an application (client id ${client.id}).`);
  const connection = await createConnection(installation, {
    clients: [client],
    provider: { ...GRACE.provider, announcedSeconds: TOKEN_SECONDS },
    options: GRACE.options,
  });
  narrator.happened(`Made the connection "${connection.name}" to a provider and enabled it for the application.`);
  const person = await createPerson(installation);
  narrator.happened(`Created a person, ${person.email}.`);

  const tokens = await login(installation, client, person);
  narrator.happened('The person logged in to the application on our login page; it holds a refresh token of ours.');

  const token = await myAccountToken(installation, client, tokens.refreshToken);
  const account = await connect(installation, { client, connection, person, token });
  narrator.happened(
    `The person connected an account at the provider: our consent page, the provider's page, back (${account.id}).`,
  );

  await useTheVault(narrator, { installation, client, connection, refreshToken: tokens.refreshToken });

  const deleted = await installation.me(token, 'DELETE', `/accounts/${account.id}`);
  narrator.check(deleted.status === 204, 'the account is disconnected', deleted.status);
  narrator.happened('The person disconnected the account; its tokens and their key are erased.');

  const refused = await exchange(installation, client, connection, tokens.refreshToken);
  narrator.check(refused.status === 401, 'the exchange is refused', refused.status);
  narrator.happened(`The next exchange says so: ${refused.status} ${String(refused.json['error'])}.`);
  await listWhatHappened(narrator, installation, connection, person);
}

interface Vault {
  installation: Installation;
  client: Client;
  connection: Connection;
  refreshToken: string;
}

async function useTheVault(
  narrator: Narrator,
  { installation, client, connection, refreshToken }: Vault,
): Promise<void> {
  const ask = async (): Promise<string> => {
    const answer = await exchange(installation, client, connection, refreshToken);
    narrator.check(answer.status === 200, 'the exchange gives a token', answer.json);
    return String(answer.json['access_token']);
  };
  const first = await ask();
  narrator.happened("The application exchanged its refresh token for the provider's access token (RFC 8693).");
  const owner = await connection.provider.owner(first);
  narrator.check(owner === 'person-1', "the provider's API answers", owner);
  narrator.happened(`It called the provider's API with it and read the messages of ${owner}.`);

  await sleep(TOKEN_SECONDS * 1000 + 100);
  await connection.provider.expire();
  const ended = await connection.provider.owner(first);
  narrator.check(ended === null, 'the token has ended', ended);
  narrator.happened(`${TOKEN_SECONDS} seconds later the access token has ended: the provider's API refuses it.`);

  await connection.provider.change({ announcedSeconds: null });
  const { tokenRequests: before } = await connection.provider.state();
  const second = await ask();
  const again = await connection.provider.owner(second);
  narrator.check(second !== first && again === 'person-1', 'a fresh token works', again);
  const { tokenRequests } = await connection.provider.state();
  const refreshes = tokenRequests.refresh_token - before.refresh_token;
  narrator.check(refreshes === 1, 'one refresh at the provider', refreshes);
  narrator.happened('The next exchange refreshed it, in one call to the provider, and the new token works.');
}

async function listWhatHappened(
  narrator: Narrator,
  installation: Installation,
  connection: Connection,
  person: Person,
): Promise<void> {
  const wanted = ['connected_accounts_connection_succeeded', 'seta', 'connected_accounts_delete_succeeded', 'feta'];
  const read = async () => {
    const { json } = await installation.management('GET', '/logs?include_totals=true&per_page=100');
    return (json['logs'] as Json[]).filter((log) => log['connection'] === connection.name);
  };
  const logs = await eventually(read, (found) => wanted.every((type) => found.some((log) => log['type'] === type)));
  const types = logs.map((log) => log['type']);
  narrator.check(
    wanted.every((type) => types.includes(type)),
    `the log has ${wanted.join(', ')}`,
    types,
  );
  const inOrder = logs.sort((a, b) => String(a['date']).localeCompare(String(b['date'])));
  narrator.happened(`The log has all of it; ${inOrder.length} entries are about this connection:`);
  for (const { date, type, description, user_id: user } of inOrder)
    narrator.detail(
      `${String(date)}  ${String(type)}  ${String(description)}${user === person.userId ? ' (the person)' : ''}`,
    );
}
