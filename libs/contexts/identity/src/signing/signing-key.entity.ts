import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A private key of ours, sealed by the ring: token signatures, and the one that signs cookies. */
@Entity('signing_keys')
export class SigningKeyEntity {
  @PrimaryColumn('text') kid!: string;
  @Column('text') purpose!: 'tokens' | 'cookies';
  @Column('text') alg!: 'RS256' | 'HS256';
  /** Tokens are signed by the one that is current. */
  @Column('text') state!: 'next' | 'current' | 'previous' | 'revoked';
  /** PKCS #8 DER, or the bytes of the cookie key. */
  @Column('bytea', { name: 'key_sealed' }) keySealed!: Buffer;
  @Column('jsonb', { name: 'public_jwk', nullable: true }) publicJwk!: Record<string, unknown> | null;
  @Column('timestamptz', { name: 'current_since', nullable: true }) currentSince!: Date | null;
  @Column('timestamptz', { name: 'current_until', nullable: true }) currentUntil!: Date | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
