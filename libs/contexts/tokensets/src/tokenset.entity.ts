import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What lists show of a tokenset. Sealed columns and those of the refresh are read where they are used. */
@Entity('tokensets')
export class TokensetEntity {
  @PrimaryColumn('text')
  id!: string;

  @Column('uuid', { name: 'person_id' })
  personId!: string;

  @Column('text', { name: 'account_id' })
  accountId!: string;

  @Column('text', { name: 'connection_id' })
  connectionId!: string;

  @Column('text', { name: 'scopes_granted', array: true })
  scopes!: string[];

  @Column('text', { name: 'provider_label', nullable: true })
  providerLabel!: string | null;

  @Column('text', { name: 'own_label', nullable: true })
  ownLabel!: string | null;

  @Column('text', { name: 'paused_client_ids', array: true })
  pausedClients!: string[];

  /** As the provider typed them. */
  @Column('jsonb')
  extras!: Record<string, unknown>;

  @Column('text')
  status!: 'active' | 'reconnect_required';

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('timestamptz', { name: 'access_issued_at' })
  issuedAt!: Date;

  @Column('timestamptz', { name: 'access_expires_at', nullable: true })
  expiresAt!: Date | null;

  @Column('timestamptz', { name: 'next_attempt_at', nullable: true })
  nextAttemptAt!: Date | null;

  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
