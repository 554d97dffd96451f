import { Injectable } from '@nestjs/common';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { replaceResponseMode } from '../library/library-seams.js';
import { formPost } from './handover-page.js';
import { Logins } from './logins.js';
import { WEB_MESSAGE, WebMessages } from './web-messages.js';

/** What sign-in adds to the library besides its settings. */
@Injectable()
export class SignInHooks {
  constructor(
    private readonly webMessages: WebMessages,
    private readonly logins: Logins,
  ) {}

  register(provider: Provider): void {
    provider.registerResponseMode(WEB_MESSAGE, (ctx, redirectUri, response) =>
      this.webMessages.answer(ctx, redirectUri, response),
    );
    replaceResponseMode(provider, 'form_post', formPost);
    provider.on('interaction.ended', (ctx: KoaContextWithOIDC) => this.logins.notice(ctx));
    provider.use((ctx: KoaContextWithOIDC, next) => this.logins.record(ctx, next));
  }
}
