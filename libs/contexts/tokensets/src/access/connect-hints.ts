import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import { isScope } from '@strongroom/providers';
import type { ConnectHint } from '../tokensets.errors.js';
import { TokensetsSettings } from '../tokensets.options.js';

/** What an app would post to have the person connect (again). */
@Injectable()
export class ConnectHints {
  constructor(
    private readonly publicUrl: PublicUrl,
    private readonly settings: TokensetsSettings,
  ) {}

  /** Of the scopes those that may be asked for at all: a provider may have granted, and a client want, any text. */
  of(connection: string, account?: { id: string; scopes: string[] }): ConnectHint {
    const scopes = account?.scopes.filter(isScope) ?? [];
    return {
      endpoint: this.publicUrl.of('/me/v1/connected-accounts/connect'),
      body: {
        connection,
        ...(account ? { connected_account_id: account.id } : {}),
        ...(scopes.length > 0 ? { scopes } : {}),
      },
      ...(this.settings.hasDashboard
        ? { page: this.publicUrl.of(`/account/connect/${encodeURIComponent(connection)}`) }
        : {}),
    };
  }
}
