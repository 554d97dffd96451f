import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ClientEntity } from '../clients/client.entity.js';
import { TenantSettingsEntity } from '../tenant/tenant-settings.entity.js';

/** `amr` of a session in which a second factor was shown (RFC 8176). */
const SHOWN = 'mfa';

/** Whether an interactive sign-in asks for a second factor (`spec/wire-contract.md` §3.8). No token endpoint asks this. */
@Injectable()
export class SecondFactor {
  constructor(private readonly database: DataSource) {}

  async demandsSecondFactor(clientId: string): Promise<boolean> {
    const [client, tenant] = await Promise.all([
      this.database.getRepository(ClientEntity).findOneBy({ clientId }),
      this.database.getRepository(TenantSettingsEntity).findOneBy({ id: 1 }),
    ]);
    if (tenant?.mfaPolicies.includes('all-applications')) return true;
    return client?.requireMfaAtLogin ?? tenant?.requireMfaAtLogin ?? false;
  }

  /** Once per session. */
  async isMissing(clientId: string, amr: readonly string[] | undefined): Promise<boolean> {
    return !amr?.includes(SHOWN) && (await this.demandsSecondFactor(clientId));
  }
}
