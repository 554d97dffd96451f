import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import type { ConnectHint } from '../tokensets.errors.js';

/** What an app would post to have the person connect (again). */
@Injectable()
export class ConnectHints {
  constructor(private readonly publicUrl: PublicUrl) {}

  of(connection: string, account?: { id: string; scopes: string[] }): ConnectHint {
    return {
      endpoint: this.publicUrl.of('/me/v1/connected-accounts/connect'),
      body: {
        connection,
        ...(account ? { connected_account_id: account.id } : {}),
        ...(account?.scopes.length ? { scopes: account.scopes } : {}),
      },
    };
  }
}
