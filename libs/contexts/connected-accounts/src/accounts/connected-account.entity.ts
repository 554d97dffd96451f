import { Column, Entity, PrimaryColumn } from 'typeorm';

export type AccountStatus = 'connected' | 'reconnect_required' | 'disconnected';

/** What a person sees for a tokenset. A disconnected row is ids and times only and stands in no list. */
@Entity('connected_accounts')
export class ConnectedAccountEntity {
  /** `cac_…`, minted by the vault. */
  @PrimaryColumn('text') id!: string;
  /** The order of lists: oldest first. */
  @Column({ type: 'bigint', insert: false, update: false }) position!: string;
  @Column('text') status!: AccountStatus;
  /** Why the person has to connect again. */
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('uuid', { name: 'person_id' }) personId!: string;
  @Column('text', { name: 'user_id', nullable: true }) userId!: string | null;
  @Column('text', { name: 'connection_id' }) connectionId!: string;
  @Column('text', { name: 'connection_name', nullable: true }) connectionName!: string | null;
  @Column('text', { nullable: true }) strategy!: string | null;
  @Column('text', { name: 'tokenset_id' }) tokensetId!: string;
  /** The one that counts, as the vault last said: the person's own, else the provider's. */
  @Column('text', { nullable: true }) label!: string | null;
  /** As granted. */
  @Column('jsonb') scopes!: string[];
  @Column('jsonb', { name: 'missing_scopes' }) missingScopes!: string[];
  @Column('boolean', { name: 'has_refresh_token' }) hasRefreshToken!: boolean;
  /** When nothing can be had of it any more; null: nobody knows of an end. */
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt!: Date | null;
  /** What the provider's addresses were made with when it was connected, so that a reconnect need not bring it. */
  @Column('jsonb') params!: Record<string, string>;
  /** Of the last event of the tokenset that changed the status; an older one changes nothing. */
  @Column('bigint', { name: 'tokenset_sequence' }) tokensetSequence!: string;
  @Column('integer', { name: 'event_version' }) eventVersion!: number;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'disconnected_at', nullable: true }) disconnectedAt!: Date | null;
}
