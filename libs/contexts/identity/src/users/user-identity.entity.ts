import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A way in which a person is known: the own one from the start, further ones by linking. */
@Entity('user_identities')
export class UserIdentityEntity {
  /** Name of the connection. */
  @PrimaryColumn('text') connection!: string;
  /** As the provider says it; for the database connection the part after `auth0|`. */
  @PrimaryColumn('text', { name: 'user_id' }) userId!: string;
  /** Strategy of the connection. */
  @Column('text') provider!: string;
  @Column('text', { name: 'connection_id', nullable: true }) connectionId!: string | null;
  @Column('uuid', { name: 'person_id' }) personId!: string;
  /** Whose it was before linking; equal to `personId` for the own one. */
  @Column('uuid', { name: 'original_person_id' }) originalPersonId!: string;
  @Column('text', { name: 'link_state' }) linkState!: 'own' | 'linking' | 'linked';
  @Column('boolean', { name: 'is_social' }) isSocial!: boolean;
  @Column('jsonb', { nullable: true }) profile!: Record<string, unknown> | null;
}
