import { Injectable } from '@nestjs/common';
import { Clients, ConnectionDirectory, type ConnectionView } from '@strongroom/contracts';
import { PublicUrl, ValidationError } from '@strongroom/http';
import { Catalogue } from '@strongroom/providers';
import { DataSource } from 'typeorm';
import { AccountsService } from '../accounts/accounts.service.js';
import type { ConnectedAccountEntity } from '../accounts/connected-account.entity.js';
import type { Person } from '../caller.js';
import { ConnectedAccountNotFoundError, TooManyConnectSessionsError } from '../connected-accounts.errors.js';
import { scopesProblem } from './allowed-scopes.js';
import type { ConnectBody } from './connect.schema.js';
import { type FlowParams, flowParams } from './flow-params.js';
import { likelyAccount } from './renewed-account.js';
import { usableConnection } from './usable-connection.js';
import { isCallback } from './redirect-uri.js';
import { hashOf, newId, newSecret } from './secrets.js';

const TICKET_SECONDS = 300;
const SESSION_SECONDS = 600;
const MAX_OPEN_SESSIONS = 10;

export interface BegunConnect {
  authSession: string;
  ticket: string;
  connectUri: string;
  expiresIn: number;
}

/** `POST /connect`, `spec/connect-flow.md` §4.1. Nothing is sent to the provider. */
@Injectable()
export class BeginConnect {
  constructor(
    private readonly database: DataSource,
    private readonly directory: ConnectionDirectory,
    private readonly clients: Clients,
    private readonly accounts: AccountsService,
    private readonly publicUrl: PublicUrl,
    private readonly catalogue: Catalogue,
  ) {}

  async begin(caller: Person, body: ConnectBody): Promise<BegunConnect> {
    const connection = usableConnection(await this.directory.byName(body.connection, caller.clientId));
    const client = await this.clients.get(caller.clientId);
    if (!client || !isCallback(body.redirect_uri, client))
      throw ValidationError.of('body', 'redirect_uri', 'must be one of the callbacks of the client');
    const pinnedAccountId = body.connected_account_id ?? null;
    const accounts = await this.accounts.onConnection(caller.personId, connection.connectionId);
    const account = likelyAccount({ pinnedAccountId }, accounts);
    if (pinnedAccountId !== null && !account) throw new ConnectedAccountNotFoundError();
    const { authorizationParams, params } = this.checked(connection, body, account);

    const authSession = newSecret();
    const ticket = newSecret();
    const values = [
      newId('cs_'),
      caller.personId,
      caller.userId,
      caller.clientId,
      connection.connectionId,
      connection.name,
      connection.strategy,
      caller.jkt,
      body.scopes ? JSON.stringify(body.scopes) : null,
      JSON.stringify(authorizationParams),
      pinnedAccountId,
      body.redirect_uri,
      body.state === undefined ? null : Buffer.from(body.state, 'utf8'),
      body.code_challenge ?? null,
      hashOf(authSession),
      hashOf(ticket),
      JSON.stringify(params),
    ];
    if (!(await this.insert(caller, values))) throw new TooManyConnectSessionsError();
    return {
      authSession,
      ticket,
      connectUri: this.publicUrl.of('/connected-accounts/connect'),
      expiresIn: TICKET_SECONDS,
    };
  }

  /**
   * What the connection's provider makes of the request. A pinned account brings the params it was connected with.
   *
   * @throws ValidationError for what the app can put right; anything else of the engine is the administrator's
   */
  private checked(
    connection: ConnectionView,
    body: ConnectBody,
    account: ConnectedAccountEntity | undefined,
  ): FlowParams {
    const kept = body.connected_account_id && account ? account.params : {};
    const flow = flowParams(this.catalogue, connection, body.authorization_params ?? {}, kept);
    const wrong = scopesProblem(connection, flow.provider, body.scopes, account?.scopes ?? []);
    if (wrong) throw ValidationError.of('body', 'scopes', wrong);
    return flow;
  }

  /** False: the person has enough open sessions with this client. */
  private insert(caller: Person, values: unknown[]): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      // Two inserts that count at the same time would both see room for one.
      await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [
        `connect:${caller.personId}:${caller.clientId}`,
      ]);
      const inserted = await tx.query<{ id: string }[]>(
        `INSERT INTO connect_sessions (id, person_id, user_id, client_id, connection_id, connection_name, strategy, jkt,
           scopes, authorization_params, pinned_account_id, redirect_uri, app_state, code_challenge, auth_session_hash,
           ticket_hash, params, state, expires_at, ends_at)
         SELECT $1, $2::uuid, $3, $4::text, $5, $6, $7, $8, $9::jsonb, $10::jsonb, $11, $12, $13::bytea, $14, $15::bytea,
           $16::bytea, $17::jsonb, 'created', clock_timestamp() + interval '${TICKET_SECONDS} s',
           clock_timestamp() + interval '${SESSION_SECONDS} s'
         WHERE (SELECT count(*) FROM connect_sessions WHERE person_id = $2::uuid AND client_id = $4::text
           AND ended_at IS NULL AND expires_at > clock_timestamp()) < ${MAX_OPEN_SESSIONS}
         RETURNING id`,
        values,
      );
      return inserted.length === 1;
    });
  }
}
