import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * What `account.connected` and `account.disconnected` said, for `connected_accounts[]` of a profile. A disconnected
 * row stays, so that an older event that comes again cannot bring the account back.
 */
@Entity('profile_accounts')
export class ProfileAccountEntity {
  @PrimaryColumn('text', { name: 'account_id' }) accountId!: string;
  @Column('uuid', { name: 'person_id' }) personId!: string;
  @Column('text', { name: 'connection_id' }) connectionId!: string;
  @Column('jsonb') scopes!: string[];
  @Column('boolean') connected!: boolean;
  /** Of the event that wrote the row last. */
  @Column('integer') sequence!: number;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
}
