import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

@Entity('users')
export class UserEntity {
  /** Internal; the key everywhere, never shown. */
  @PrimaryColumn('uuid', { name: 'person_id' }) personId!: string;
  /** Public, `auth0|…`; may be used again after a deletion. */
  @Column('text', { name: 'user_id', unique: true }) userId!: string;
  /** Name of the connection the profile comes from; e-mail and user name are unique in it, without case. */
  @Column('text') connection!: string;
  /** In lower case. */
  @Column('text', { nullable: true }) email!: string | null;
  @Column('boolean', { name: 'email_verified' }) emailVerified!: boolean;
  @Column('text', { nullable: true }) username!: string | null;
  @Column('text', { name: 'phone_number', nullable: true }) phoneNumber!: string | null;
  @Column('boolean', { name: 'phone_verified' }) phoneVerified!: boolean;
  @Column('text', { nullable: true }) name!: string | null;
  @Column('text', { nullable: true }) nickname!: string | null;
  @Column('text', { name: 'given_name', nullable: true }) givenName!: string | null;
  @Column('text', { name: 'family_name', nullable: true }) familyName!: string | null;
  @Column('text', { nullable: true }) picture!: string | null;
  /** argon2id, PHC string. */
  @Column('text', { name: 'password_hash', nullable: true }) passwordHash!: string | null;
  @Column('boolean') blocked!: boolean;
  @Column('boolean') administrator!: boolean;
  @Column('jsonb', { name: 'user_metadata' }) userMetadata!: Record<string, unknown>;
  @Column('jsonb', { name: 'app_metadata' }) appMetadata!: Record<string, unknown>;
  @Column('timestamptz', { name: 'last_login', nullable: true }) lastLogin!: Date | null;
  @Column('text', { name: 'last_ip', nullable: true }) lastIp!: string | null;
  @Column('integer', { name: 'logins_count' }) loginsCount!: number;
  @Column('timestamptz', { name: 'last_password_reset', nullable: true }) lastPasswordReset!: Date | null;
  @Column('integer', { name: 'event_version' }) eventVersion!: number;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' }) updatedAt!: Date;
}
