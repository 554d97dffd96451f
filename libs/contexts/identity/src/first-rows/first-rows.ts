import { Injectable, type OnModuleInit } from '@nestjs/common';
import { KeyRing } from '@strongroom/crypto';
import { DataSource } from 'typeorm';
import { FirstAdministrator } from './first-administrator.js';
import { OwnRows } from './own-rows.js';
import { TenantSettingsEntity } from '../tenant/tenant-settings.entity.js';

/** What the configuration says of the first rows. */
export class FirstRowsOptions {
  managementClient!: { clientId: string; clientSecret: string };
  /** Null: none is made. */
  administrator!: { email: string; password: string } | null;
}

/**
 * Writes what must be there before anybody can call. Any number of processes may start at once, any number of times.
 * Sealed by its key service, a process does it once it is let in: a client's secret is sealed, too.
 */
@Injectable()
export class FirstRows implements OnModuleInit {
  private written: Promise<void> | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly ring: KeyRing,
    private readonly rows: OwnRows,
    private readonly administrator: FirstAdministrator,
    private readonly options: FirstRowsOptions,
  ) {}

  async onModuleInit(): Promise<void> {
    this.ring.onReload(() => this.writeOnce());
    if (!this.ring.isSealed) await this.writeOnce();
  }

  private writeOnce(): Promise<void> {
    return (this.written ??= this.write().catch((error: unknown) => {
      this.written = undefined;
      throw error;
    }));
  }

  private async write(): Promise<void> {
    const { managementClient, administrator } = this.options;
    await this.database.transaction(async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(hashtext('strongroom:identity:first-rows'))`);
      // The row of settings says that this installation has had its first start.
      const isFirst = !(await tx.existsBy(TenantSettingsEntity, { id: 1 }));
      if (isFirst) {
        await tx.insert(TenantSettingsEntity, {
          id: 1,
          mfaPolicies: [],
          defaultAudience: '',
          requireMfaAtLogin: false,
        });
        await this.rows.create(tx);
      } else await this.rows.follow(tx);
      await this.rows.keepManagementClient(tx, managementClient.clientId, managementClient.clientSecret);
    });
    if (administrator) await this.administrator.create(administrator);
  }
}
