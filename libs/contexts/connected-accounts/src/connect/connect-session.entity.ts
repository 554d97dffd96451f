import { Column, Entity, PrimaryColumn, VirtualColumn } from 'typeorm';

/** `spec/connect-flow.md` §3. */
export type ConnectState =
  | 'created'
  | 'opened'
  | 'at_provider'
  | 'code_held'
  | 'completing'
  | 'completed'
  | 'denied'
  | 'mismatch'
  | 'expired'
  | 'failed';

export type ConnectParams = Record<string, string | number>;

/** One run of the connect flow. Hashes and boxes only; what is not needed any more is null. */
@Entity('connect_sessions')
export class ConnectSessionEntity {
  /** `cs_…`. */
  @PrimaryColumn('text') id!: string;
  @Column('text') state!: ConnectState;
  @Column('uuid', { name: 'person_id' }) personId!: string;
  @Column('text', { name: 'user_id' }) userId!: string;
  @Column('text', { name: 'client_id' }) clientId!: string;
  @Column('text', { name: 'connection_id' }) connectionId!: string;
  @Column('text', { name: 'connection_name' }) connectionName!: string;
  @Column('text') strategy!: string;
  /** Thumbprint of the DPoP key that began, if any. */
  @Column('text', { nullable: true }) jkt!: string | null;
  /** As the app wished; null: the connection's own, which stand here too once the provider was asked for them. */
  @Column('jsonb', { nullable: true }) scopes!: string[] | null;
  @Column('jsonb', { name: 'scopes_asked' }) scopesAsked!: string[];
  @Column('jsonb', { name: 'authorization_params' }) authorizationParams!: ConnectParams;
  /** Values of the entry's params that the flow brought: from the connect request, then from the callback. */
  @Column('jsonb') params!: Record<string, string>;
  @Column('text', { name: 'pinned_account_id', nullable: true }) pinnedAccountId!: string | null;
  @Column('text', { name: 'redirect_uri', nullable: true }) redirectUri!: string | null;
  /** UTF-8; bytes, because text cannot hold every character an app may send. */
  @Column('bytea', { name: 'app_state', nullable: true }) appState!: Buffer | null;
  @Column('text', { name: 'code_challenge', nullable: true }) codeChallenge!: string | null;
  @Column('bytea', { name: 'auth_session_hash' }) authSessionHash!: Buffer;
  @Column('bytea', { name: 'ticket_hash' }) ticketHash!: Buffer;
  @Column('bytea', { name: 'cookie_hash', nullable: true }) cookieHash!: Buffer | null;
  @Column('bytea', { name: 'state_hash', nullable: true }) stateHash!: Buffer | null;
  @Column('bytea', { name: 'connect_code_hash', nullable: true }) connectCodeHash!: Buffer | null;
  @Column('text', { nullable: true }) nonce!: string | null;
  @Column('text', { name: 'verifier_box', nullable: true }) verifierBox!: string | null;
  @Column('text', { name: 'code_box', nullable: true }) codeBox!: string | null;
  /** All of a signed callback's query; only the vault can tell whether the signature holds. */
  @Column('text', { name: 'query_box', nullable: true }) queryBox!: string | null;
  /** Where the provider's code may be sent, as it was when the person agreed; null in sessions of an older version. */
  @Column('text', { name: 'code_receiver', nullable: true }) codeReceiver!: string | null;
  /** Query values of the callback that the vault will ask for. */
  @Column('jsonb') captured!: Record<string, string>;
  /** The vault holds tokens whose account could not be read yet; the same `complete` may come again. */
  @Column('boolean') pending!: boolean;
  /** Reasons of `connect.failed` already said, so that a link opened a thousand times is one event. */
  @Column('jsonb') said!: string[];
  @Column('integer', { name: 'event_version' }) eventVersion!: number;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  /** When this state ends; never later than `endsAt`. */
  @Column('timestamptz', { name: 'expires_at' }) expiresAt!: Date;
  @Column('timestamptz', { name: 'ends_at' }) endsAt!: Date;
  /** Since when `complete` is at it; null while `completing`: it left without a verdict, and may come again. */
  @Column('timestamptz', { name: 'completing_at', nullable: true }) completingAt!: Date | null;
  /** Since when it may come again. */
  @Column('timestamptz', { name: 'left_at', nullable: true }) leftAt!: Date | null;
  @Column('timestamptz', { name: 'ended_at', nullable: true }) endedAt!: Date | null;
  /** Open and in time by the database's clock, when it was read. */
  @VirtualColumn({
    type: 'boolean',
    query: (alias) => `SELECT ${alias}.ended_at IS NULL AND ${alias}.expires_at > clock_timestamp()`,
  })
  isLive!: boolean;
}
