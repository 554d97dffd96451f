import { Injectable } from '@nestjs/common';
import { PublicUrl, ValidationError } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { ResourceServerEntity } from '../apis/resource-server.entity.js';
import { TenantSettingsEntity, type MfaPolicy } from './tenant-settings.entity.js';

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

  /** '' means none. The Management API's tokens are never given by default. */
  async setDefaultAudience(defaultAudience: string): Promise<void> {
    const { manager } = this.database;
    const isKnown =
      defaultAudience === '' ||
      (defaultAudience !== this.publicUrl.managementAudience &&
        (await manager.existsBy(ResourceServerEntity, { identifier: defaultAudience })));
    if (!isKnown)
      throw ValidationError.of('body', 'default_audience', 'must be a resource server, and not the Management API');
    await manager.update(TenantSettingsEntity, { id: 1 }, { defaultAudience });
  }

  async setMfaPolicies(mfaPolicies: MfaPolicy[]): Promise<void> {
    await this.database.getRepository(TenantSettingsEntity).update({ id: 1 }, { mfaPolicies });
  }
}
