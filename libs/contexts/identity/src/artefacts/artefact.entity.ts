import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

/** What the authorization server remembers: sessions, interactions, codes, grants, refresh tokens (`spec/identity.md` §6). */
@Entity('artefacts')
export class ArtefactEntity {
  /** The library's model name: `AuthorizationCode`, `RefreshToken`, … */
  @PrimaryColumn('text') kind!: string;
  /** SHA-256 of the token, cookie or id. */
  @PrimaryColumn('bytea', { name: 'id_hash' }) idHash!: Buffer;
  /** `gid`; not a secret. Of a grant its own id. */
  @Index() @Column('text', { name: 'grant_id', nullable: true }) grantId!: string | null;
  /** Of a session: `sid`. Not a secret. */
  @Index() @Column('text', { nullable: true }) uid!: string | null;
  /** One refresh token and all that it was rotated into. */
  @Index() @Column('uuid', { name: 'family_id', nullable: true }) familyId!: string | null;
  @Index() @Column('uuid', { name: 'person_id', nullable: true }) personId!: string | null;
  @Index() @Column('text', { name: 'client_id', nullable: true }) clientId!: string | null;
  @Column('timestamptz', { name: 'consumed_at', nullable: true }) consumedAt!: Date | null;
  @Index() @Column('timestamptz', { name: 'expires_at' }) expiresAt!: Date;
  /** Of a refresh token: when it last gave an access token. */
  @Column('timestamptz', { name: 'last_exchanged_at', nullable: true }) lastExchangedAt!: Date | null;
  /** Of a refresh token rotated away: its successor, sealed, while the leeway lasts. */
  @Column('bytea', { name: 'successor_sealed', nullable: true }) successorSealed!: Buffer | null;
  @Column('bytea', { name: 'successor_hash', nullable: true }) successorHash!: Buffer | null;
  /** Without the token itself. */
  @Column('jsonb') payload!: Record<string, unknown>;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
