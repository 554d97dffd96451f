import { Get, Patch, Put } from '@nestjs/common';
import { Answers, JsonBody, ManagementApi, Scopes } from '@strongroom/http';
import {
  changedSettings,
  type ChangedSettings,
  type MfaPolicies,
  mfaPolicies,
  shownSettings,
} from './tenant-settings.schema.js';
import { TenantSettingsService } from './tenant-settings.service.js';

@ManagementApi('tenants/settings')
export class TenantSettingsController {
  constructor(private readonly settings: TenantSettingsService) {}

  @Get()
  @Answers(200, shownSettings)
  @Scopes('read:tenant_settings')
  async get() {
    const { defaultAudience, requireMfaAtLogin } = await this.settings.get();
    return { default_audience: defaultAudience, require_mfa_at_login: requireMfaAtLogin };
  }

  @Patch()
  @Answers(200, shownSettings)
  @Scopes('update:tenant_settings')
  async update(@JsonBody(changedSettings) changed: ChangedSettings) {
    await this.settings.change(changed);
    return this.get();
  }
}

/** Whether everybody needs a second factor (`spec/wire-contract.md` §3.8). */
@ManagementApi('guardian/policies')
export class MfaPoliciesController {
  constructor(private readonly settings: TenantSettingsService) {}

  @Get()
  @Answers(200, mfaPolicies)
  @Scopes('read:mfa_policies')
  async get() {
    return (await this.settings.get()).mfaPolicies;
  }

  @Put()
  @Answers(200, mfaPolicies)
  @Scopes('update:mfa_policies')
  async set(@JsonBody(mfaPolicies) policies: MfaPolicies) {
    await this.settings.setMfaPolicies(policies);
    return policies;
  }
}
