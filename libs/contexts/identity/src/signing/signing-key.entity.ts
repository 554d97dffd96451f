import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

export type TokenAlg = 'RS256' | 'PS256';

/** A private key of ours, sealed by the ring: token signatures, and the one that signs cookies. */
@Entity('signing_keys')
export class SigningKeyEntity {
  @PrimaryColumn('text') kid!: string;
  @Column('text') purpose!: 'tokens' | 'cookies';
  @Column('text') alg!: TokenAlg | 'HS256';
  /** One is current and one is next, of each `alg`. */
  @Column('text') state!: 'next' | 'current' | 'previous' | 'revoked';
  /** PKCS #8 DER, or the bytes of the cookie key; null: revoked, and erased. */
  @Column('bytea', { name: 'key_sealed', nullable: true }) keySealed!: Buffer | null;
  @Column('jsonb', { name: 'public_jwk', nullable: true }) publicJwk!: Record<string, unknown> | null;
  /** Self-signed, PEM; cookie keys have none. */
  @Column('text', { nullable: true }) certificate!: string | null;
  /** The longest life of a token that it signed. */
  @Column('integer', { name: 'longest_seconds' }) longestSeconds!: number;
  @Column('timestamptz', { name: 'current_since', nullable: true }) currentSince!: Date | null;
  @Column('timestamptz', { name: 'current_until', nullable: true }) currentUntil!: Date | null;
  /** Of a previous one: until the last token that it signed has ended. */
  @Column('timestamptz', { name: 'listed_until', nullable: true }) listedUntil!: Date | null;
  @Column('timestamptz', { name: 'revoked_at', nullable: true }) revokedAt!: Date | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
