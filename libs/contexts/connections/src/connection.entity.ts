import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('connections')
export class ConnectionEntity {
  @PrimaryColumn('text') id!: string;
  @Column('text') name!: string;
  @Column('text') strategy!: string;
  @Column('text', { name: 'display_name', nullable: true }) displayName!: string | null;
  /** As sent, without `client_secret`. */
  @Column('jsonb') options!: Record<string, unknown>;
  /** The client secret as an intake box, which only `tokensets` can open; null: there is none. */
  @Column('text', { name: 'secret_box', nullable: true }) secretBox!: string | null;
  /** What discovery said when the connection was saved, and since then as far as it moves no secret. */
  @Column('jsonb', { name: 'provider_metadata', nullable: true }) providerMetadata!: Record<string, unknown> | null;
  /** When the provider was last asked. */
  @Column('timestamptz', { name: 'metadata_checked_at', nullable: true }) metadataCheckedAt!: Date | null;
  /** Since when asking fails; null: the last answer was good. */
  @Column('timestamptz', { name: 'metadata_failing_since', nullable: true }) metadataFailingSince!: Date | null;
  /** What discovery says and is not used until an administrator saves the connection again, in words for them. */
  @Column('text', { name: 'metadata_refused', nullable: true }) metadataRefused!: string | null;
  @Column('boolean', { name: 'login_active' }) loginActive!: boolean;
  /** The purpose `connected_accounts`; the legacy switch lies in the options. */
  @Column('boolean', { name: 'vault_active' }) vaultActive!: boolean;
  @Column('boolean', { name: 'allow_missing_user_id' }) allowMissingUserId!: boolean;
  @Column('boolean', { name: 'is_domain_connection' }) isDomainConnection!: boolean;
  @Column('boolean', { name: 'show_as_button', nullable: true }) showAsButton!: boolean | null;
  @Column('jsonb', { nullable: true }) metadata!: Record<string, string> | null;
  /** Members that are kept and returned without effect. */
  @Column('jsonb') stored!: Record<string, unknown>;
  @Column('boolean', { name: 'built_in' }) builtIn!: boolean;
  /** Grows by one with each event; also the fence of an update. */
  @Column('integer', { name: 'event_version' }) eventVersion!: number;
}

/** A client that may use the connection. Clients are identity's; only their ids are known here. */
@Entity('connection_clients')
export class ConnectionClientEntity {
  @PrimaryColumn('text', { name: 'connection_id' }) connectionId!: string;
  @PrimaryColumn('text', { name: 'client_id' }) clientId!: string;
}

/** A domain of `domain_aliases`, in lower case; it leads to one login connection. */
@Entity('connection_domains')
export class ConnectionDomainEntity {
  @PrimaryColumn('text') domain!: string;
  @Column('text', { name: 'connection_id' }) connectionId!: string;
}
