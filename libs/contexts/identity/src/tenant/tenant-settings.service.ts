import { Injectable } from '@nestjs/common';
import { PublicUrl, ValidationError } from '@strongroom/http';
import { DataSource, type EntityManager } from 'typeorm';
import { ResourceServerEntity } from '../apis/resource-server.entity.js';
import { TenantSettingsEntity } from './tenant-settings.entity.js';
import type { ChangedSettings, MfaPolicies } from './tenant-settings.schema.js';

/** What holds for the whole installation. */
@Injectable()
export class TenantSettingsService {
  constructor(
    private readonly database: DataSource,
    private readonly publicUrl: PublicUrl,
  ) {}

  async get(): Promise<TenantSettingsEntity> {
    return this.database.getRepository(TenantSettingsEntity).findOneByOrFail({ id: 1 });
  }

  async change({ default_audience, require_mfa_at_login }: ChangedSettings): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (default_audience !== undefined) await this.setDefaultAudience(tx, default_audience);
      if (require_mfa_at_login !== undefined)
        await tx.update(TenantSettingsEntity, { id: 1 }, { requireMfaAtLogin: require_mfa_at_login });
    });
  }

  async setMfaPolicies(mfaPolicies: MfaPolicies): Promise<void> {
    await this.database.getRepository(TenantSettingsEntity).update({ id: 1 }, { mfaPolicies });
  }

  /** '' means none. The Management API's tokens are never given by default. Held against the API's deletion. */
  private async setDefaultAudience(tx: EntityManager, defaultAudience: string): Promise<void> {
    const lock = { mode: 'pessimistic_read' } as const;
    const isKnown =
      defaultAudience === '' ||
      (defaultAudience !== this.publicUrl.managementAudience &&
        (await tx.findOne(ResourceServerEntity, { where: { identifier: defaultAudience }, lock })) !== null);
    if (!isKnown)
      throw ValidationError.of('body', 'default_audience', 'must be a resource server, and not the Management API');
    await tx.update(TenantSettingsEntity, { id: 1 }, { defaultAudience });
  }
}
