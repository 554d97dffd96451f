import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import { LOGGER, type Logger } from '@strongroom/observability';
import { type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { ClientCredentialsGrant } from '../tokens/client-credentials.grant.js';
import { type DoorPass, doorPass } from '../door/door-pass.js';
import { patch } from './library-seams.js';
import { ProviderConfiguration } from './provider-configuration.js';
import { RefreshTokenGrant } from '../tokens/refresh-token.grant.js';
import { SigningKeys } from '../signing/signing-keys.js';
import { tokenErrors } from './token-errors.js';

/** The one authorization server of the process. A key rotation will build another by the same factory and swap it. */
@Injectable()
export class ProviderHolder {
  private made: Promise<{ provider: Provider; answer: ReturnType<Provider['callback']> }> | undefined;

  constructor(
    private readonly configuration: ProviderConfiguration,
    private readonly keys: SigningKeys,
    private readonly refreshToken: RefreshTokenGrant,
    private readonly clientCredentials: ClientCredentialsGrant,
    private readonly publicUrl: PublicUrl,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async provider(): Promise<Provider> {
    return (await this.current()).provider;
  }

  /** Lets the library answer, under what the door has found; its URLs follow the public URL, never the request. */
  async answer(pass: DoorPass, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { answer } = await this.current();
    const { host, protocol } = new URL(this.publicUrl.origin);
    for (const name of Object.keys(request.headers))
      if (name.startsWith('x-forwarded-') || name === 'forwarded') delete request.headers[name];
    request.headers.host = host;
    request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
    await doorPass.run(pass, () => answer(request, response));
  }

  private current(): NonNullable<typeof this.made> {
    return (this.made ??= this.make().catch((error: unknown) => {
      this.made = undefined;
      throw error;
    }));
  }

  private async make(): Promise<{ provider: Provider; answer: ReturnType<Provider['callback']> }> {
    const provider = new Provider(this.publicUrl.issuer, this.configuration.build(await this.keys.get()));
    patch(provider);
    provider.proxy = true;
    provider.use(tokenErrors);
    provider.registerGrantType('refresh_token', (ctx) => this.refreshToken.answer(provider, ctx), [
      'refresh_token',
      'scope',
      'audience',
    ]);
    provider.registerGrantType('client_credentials', (ctx) => this.clientCredentials.answer(provider, ctx), [
      'scope',
      'audience',
    ]);
    provider.on('server_error', (ctx: KoaContextWithOIDC, error: Error) =>
      this.logger.error({ err: error, path: ctx.path }, 'the authorization server failed'),
    );
    return { provider, answer: provider.callback() };
  }
}
