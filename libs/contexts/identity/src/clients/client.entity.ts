import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** `refresh_token` of a client, `spec/wire-contract.md` §3.5. */
export interface RefreshTokenSettings {
  rotation_type: 'rotating' | 'non-rotating';
  expiration_type: 'expiring' | 'non-expiring';
  leeway?: number;
  token_lifetime?: number;
  infinite_token_lifetime?: boolean;
  idle_token_lifetime?: number;
  infinite_idle_token_lifetime?: boolean;
  policies?: { audience: string; scope: string[] }[];
}

/** What a client that acts by itself may have from the vault (`spec/wire-contract.md` §1.6). An empty list: nothing. */
export interface PrivilegedAccess {
  /** Rows of `client_credentials`; each signs such requests with RS256. */
  credentials: { id: string }[];
  /** Addresses and CIDRs, IPv4 or IPv6. */
  ip_allowlist: string[];
  grants: { connection: string; scopes: string[] }[];
}

/** At most what this client may have from the vault, as it was sent (`spec/wire-contract.md` §5.6). An empty list: nothing. */
export interface ClientPolicy {
  connections?: string[];
  scopes?: string[];
  exchanges_per_minute?: number;
  expires_at?: string;
}

@Entity('clients')
export class ClientEntity {
  @PrimaryColumn('text', { name: 'client_id' }) clientId!: string;
  @Column('text') name!: string;
  @Column('text', { nullable: true }) description!: string | null;
  @Column('text', { name: 'app_type', nullable: true }) appType!: string | null;
  @Column('text', { name: 'resource_server_identifier', nullable: true }) resourceServerIdentifier!: string | null;
  @Column('boolean', { name: 'is_first_party' }) isFirstParty!: boolean;
  @Column('boolean', { name: 'oidc_conformant' }) oidcConformant!: boolean;
  @Column('text', { name: 'token_endpoint_auth_method', nullable: true }) tokenEndpointAuthMethod!:
    'none' | 'client_secret_post' | 'client_secret_basic' | null;
  /** Which methods beside the secret, and with which rows of `client_credentials`; null: none. */
  @Column('jsonb', { name: 'client_authentication_methods', nullable: true }) clientAuthenticationMethods!: {
    private_key_jwt?: { credentials: { id: string }[] };
    tls_client_auth?: { credentials: { id: string }[] };
    self_signed_tls_client_auth?: { credentials: { id: string }[] };
  } | null;
  @Column('jsonb', { name: 'grant_types' }) grantTypes!: string[];
  @Column('jsonb') callbacks!: string[];
  @Column('jsonb', { name: 'allowed_logout_urls' }) allowedLogoutUrls!: string[];
  @Column('jsonb', { name: 'web_origins' }) webOrigins!: string[];
  @Column('jsonb', { name: 'refresh_token', nullable: true }) refreshToken!: RefreshTokenSettings | null;
  @Column('boolean', { name: 'require_pkce' }) requirePkce!: boolean;
  /** Every token is bound to a key that its holder proves. */
  @Column('boolean', { name: 'require_proof_of_possession' }) requireProofOfPossession!: boolean;
  @Column('boolean', { name: 'require_pushed_authorization_requests' }) requirePushedAuthorizationRequests!: boolean;
  /** Null: what the tenant says. */
  @Column('boolean', { name: 'require_mfa_at_login', nullable: true }) requireMfaAtLogin!: boolean | null;
  @Column('jsonb', { name: 'token_vault_privileged_access', nullable: true })
  tokenVaultPrivilegedAccess!: PrivilegedAccess | null;
  @Column('jsonb', { name: 'vault_policy', nullable: true }) vaultPolicy!: ClientPolicy | null;
  /** SHA-256 of the secret; null: public, or by key only. */
  @Column('bytea', { name: 'secret_hash', nullable: true }) secretHash!: Buffer | null;
  /** The secret sealed under the installation key, for `read:client_keys`. */
  @Column('bytea', { name: 'secret_sealed', nullable: true }) secretSealed!: Buffer | null;
  /** Members that are kept and returned without effect. */
  @Column('jsonb') stored!: Record<string, unknown>;
  /** Made by us at the first start; cannot be deleted. */
  @Column('boolean', { name: 'built_in' }) builtIn!: boolean;
  @Column('integer', { name: 'event_version' }) eventVersion!: number;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}

/** What a client proves itself by beside a secret: RFC 7523, RFC 8705. Which one counts for what, its client says. */
@Entity('client_credentials')
export class ClientCredentialEntity {
  @PrimaryColumn('text') id!: string;
  @Column('text', { name: 'client_id' }) clientId!: string;
  @Column('text') type!: 'public_key' | 'cert_subject_dn' | 'x509_cert';
  @Column('text', { nullable: true }) name!: string | null;
  /** Of a public key, as `alg`. */
  @Column('text', { nullable: true }) kid!: string | null;
  @Column('text', { nullable: true }) alg!: 'RS256' | 'RS384' | 'PS256' | null;
  /** SPKI of a public key, or the certificate. */
  @Column('text', { nullable: true }) pem!: string | null;
  @Column('text', { name: 'subject_dn', nullable: true }) subjectDn!: string | null;
  /** SHA-256 of the certificate, base64url. */
  @Column('text', { nullable: true }) thumbprint!: string | null;
  /** From then on it proves nothing. */
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt!: Date | null;
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' }) updatedAt!: Date;
}
