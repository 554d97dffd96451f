import { Column, CreateDateColumn, Entity, PrimaryColumn, Unique } from 'typeorm';

export type TokenDialect = 'access_token' | 'access_token_authz' | 'rfc9068_profile' | 'rfc9068_profile_authz';

export interface ProofOfPossession {
  mechanism: 'dpop' | 'mtls';
  required: boolean;
}

@Entity('resource_servers')
export class ResourceServerEntity {
  @PrimaryColumn('text') id!: string;
  @Column('text', { unique: true }) identifier!: string;
  @Column('text') name!: string;
  @Column('jsonb') scopes!: { value: string; description?: string }[];
  @Column('text', { name: 'signing_alg' }) signingAlg!: 'RS256' | 'PS256';
  @Column('boolean', { name: 'allow_offline_access' }) allowOfflineAccess!: boolean;
  /** Seconds. */
  @Column('integer', { name: 'token_lifetime' }) tokenLifetime!: number;
  @Column('text', { name: 'token_dialect' }) tokenDialect!: TokenDialect;
  @Column('boolean', { name: 'skip_consent' }) skipConsentForVerifiableFirstPartyClients!: boolean;
  @Column('text', { name: 'user_policy' }) userPolicy!: 'allow_all' | 'deny_all' | 'require_client_grant';
  @Column('text', { name: 'client_policy' }) clientPolicy!: 'deny_all' | 'require_client_grant';
  /** Whether tokens for it must be bound to a key. */
  @Column('jsonb', { name: 'proof_of_possession', nullable: true }) proofOfPossession!: ProofOfPossession | null;
  @Column('jsonb') stored!: Record<string, unknown>;
  /** Made by us at the first start. */
  @Column('boolean', { name: 'built_in' }) builtIn!: boolean;
  /** The built-in My Account API is adopted once by `POST /resource-servers`. */
  @Column('boolean') adopted!: boolean;
  @Column('integer', { name: 'event_version' }) eventVersion!: number;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}

@Entity('client_grants')
@Unique(['clientId', 'audience', 'subjectType'])
export class ClientGrantEntity {
  @PrimaryColumn('text') id!: string;
  @Column('text', { name: 'client_id' }) clientId!: string;
  /** Identifier of a resource server. */
  @Column('text') audience!: string;
  @Column('jsonb') scope!: string[];
  @Column('text', { name: 'subject_type' }) subjectType!: 'client' | 'user';
  @Column('boolean', { name: 'allow_all_scopes' }) allowAllScopes!: boolean;
  @Column('jsonb') stored!: Record<string, unknown>;
  @Column('boolean', { name: 'built_in' }) builtIn!: boolean;
  @Column('integer', { name: 'event_version' }) eventVersion!: number;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
