import { Injectable } from '@nestjs/common';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { DataSource } from 'typeorm';
import { ClientEntity } from '../clients/client.entity.js';
import { webMessage } from './handover-page.js';
import { refusalPage } from './refusal-page.js';

export const WEB_MESSAGE = 'web_message';

/** `response_mode=web_message`: the answer is posted to a window of the application instead of loading its callback. */
@Injectable()
export class WebMessages {
  constructor(private readonly database: DataSource) {}

  /** @throws UnsupportedResponseMode, as a page: the address that was named must not be sent anything. */
  async check(ctx: KoaContextWithOIDC): Promise<void> {
    if (ctx.oidc.params?.['response_mode'] !== WEB_MESSAGE) return;
    if (await this.target(ctx, String(ctx.oidc.params['redirect_uri']))) return;
    throw Object.assign(new errors.UnsupportedResponseMode(), { allow_redirect: false });
  }

  /** Also reached by refusals that came before `check`. */
  async answer(ctx: KoaContextWithOIDC, redirectUri: string, response: Record<string, unknown>): Promise<void> {
    const target = await this.target(ctx, redirectUri);
    if (target) webMessage(ctx, target.origin, target.origins, response);
    else refusalPage(ctx, { error: 'unsupported_response_mode' });
  }

  /** The origin of the callback, and all that may frame it; null: it is none of the client's `web_origins`. */
  private async target(ctx: KoaContextWithOIDC, redirectUri: string) {
    const client = ctx.oidc.client;
    const row = client && (await this.database.getRepository(ClientEntity).findOneBy({ clientId: client.clientId }));
    const origins = (row?.webOrigins ?? []).map(originOf).filter((one) => one !== null);
    const origin = originOf(redirectUri);
    return origin !== null && origins.includes(origin) ? { origin, origins } : null;
  }
}

/** Null for what has none, such as the callback of a native application. */
function originOf(address: string): string | null {
  const origin = URL.parse(address)?.origin;
  return origin === undefined || origin === 'null' ? null : origin;
}
