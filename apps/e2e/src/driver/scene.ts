import { connect, ConnectFlow, type ConnectedAccount } from './connect.js';
import { exchange } from './exchange.js';
import type { Answer, Json } from './http.js';
import type { Installation } from './installation.js';
import { login, myAccountToken, type Tokens } from './login.js';
import {
  createClient,
  createConnection,
  createPerson,
  type Client,
  type Connection,
  type Person,
  type WantedConnection,
} from './set-up.js';

/** One person signed in to one application, with a connection enabled for it: where most cases begin. */
export class Scene {
  private constructor(
    readonly installation: Installation,
    readonly client: Client,
    readonly person: Person,
    readonly connection: Connection,
    readonly tokens: Tokens,
    /** For the My Account API. */
    readonly myAccount: string,
  ) {}

  static async create(
    installation: Installation,
    wanted: Omit<WantedConnection, 'clients'> & { client?: Json } = {},
  ): Promise<Scene> {
    const client = await createClient(installation, wanted.client);
    const connection = await createConnection(installation, { ...wanted, clients: [client] });
    return Scene.of(installation, client, connection, await createPerson(installation));
  }

  /** The same application and connection, in the eyes of another person. */
  static async of(installation: Installation, client: Client, connection: Connection, person: Person): Promise<Scene> {
    const tokens = await login(installation, client, person);
    const myAccount = await myAccountToken(installation, client, tokens.refreshToken);
    return new Scene(installation, client, person, connection, tokens, myAccount);
  }

  async another(): Promise<Scene> {
    return Scene.of(this.installation, this.client, this.connection, await createPerson(this.installation));
  }

  get provider() {
    return this.connection.provider;
  }

  flow(request: Json = {}): ConnectFlow {
    const { client, connection, person } = this;
    return new ConnectFlow(this.installation, { client, connection, person, token: this.myAccount, request });
  }

  connect(providerPerson?: string): Promise<ConnectedAccount> {
    const { client, connection, person } = this;
    return connect(this.installation, { client, connection, person, token: this.myAccount }, providerPerson);
  }

  /** The vault exchange with this person's refresh token. */
  exchange(more: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return exchange(this.installation, this.client, this.connection, this.tokens.refreshToken, more, headers);
  }

  /** Begins the connect flow as a refused exchange says it: its `connect`, with what only the app knows. */
  async follow(refused: Answer): Promise<{ status: number; hint: Json }> {
    const { connect } = refused.json['error_details'] as { connect: { endpoint: string; body: Json } };
    const body = { ...connect.body, redirect_uri: this.client.callback };
    const authorization = `Bearer ${this.myAccount}`;
    const { status } = await this.installation.http.sendJson('POST', connect.endpoint, body, { authorization });
    return { status, hint: connect.body };
  }

  me(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.installation.me(this.myAccount, method, path, body);
  }

  async accounts(): Promise<Json[]> {
    return (await this.me('GET', '/accounts')).json['accounts'] as Json[];
  }
}
