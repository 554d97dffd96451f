import { Get, Patch, Put } from '@nestjs/common';
import { JsonBody, ManagementApi, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { notOffered } from '../members.js';
import type { MfaPolicy } from './tenant-settings.entity.js';
import { TenantSettingsService } from './tenant-settings.service.js';

const settingsBody = z.strictObject({
  default_audience: z.string().max(600).optional(),
  require_mfa_at_login: notOffered(false).optional(),
});
const policiesBody = z.array(z.enum(['all-applications', 'confidence-score'])).max(1, 'holds at most one policy');

@ManagementApi('tenants/settings')
export class TenantSettingsController {
  constructor(private readonly settings: TenantSettingsService) {}

  @Get()
  @Scopes('read:tenant_settings')
  async get() {
    const { defaultAudience } = await this.settings.get();
    return { default_audience: defaultAudience, require_mfa_at_login: false };
  }

  @Patch()
  @Scopes('update:tenant_settings')
  async update(@JsonBody(settingsBody) { default_audience }: z.output<typeof settingsBody>) {
    if (default_audience !== undefined) await this.settings.setDefaultAudience(default_audience);
    return this.get();
  }
}

/** Whether everybody needs a second factor (`spec/wire-contract.md` §3.8). */
@ManagementApi('guardian/policies')
export class MfaPoliciesController {
  constructor(private readonly settings: TenantSettingsService) {}

  @Get()
  @Scopes('read:mfa_policies')
  async get() {
    return (await this.settings.get()).mfaPolicies;
  }

  @Put()
  @Scopes('update:mfa_policies')
  async set(@JsonBody(policiesBody) policies: MfaPolicy[]) {
    await this.settings.setMfaPolicies(policies);
    return policies;
  }
}
