import { Column, Entity, PrimaryColumn } from 'typeorm';

export type MfaPolicy = 'all-applications' | 'confidence-score';

/** One row. It is written together with the first rows and says that they were. */
@Entity('tenant_settings')
export class TenantSettingsEntity {
  @PrimaryColumn('integer') id!: 1;
  /** `[]` never, `["all-applications"]` always. */
  @Column('jsonb', { name: 'mfa_policies' }) mfaPolicies!: MfaPolicy[];
  /** Identifier of a resource server; '': none. */
  @Column('text', { name: 'default_audience' }) defaultAudience!: string;
  /** For clients that say nothing themselves. */
  @Column('boolean', { name: 'require_mfa_at_login' }) requireMfaAtLogin!: boolean;
}
