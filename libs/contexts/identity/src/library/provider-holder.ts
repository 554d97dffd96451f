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
import { type LoadedKeys, SigningKeys } from '../signing/signing-keys.js';
import { tokenErrors } from './token-errors.js';

type Answering = (pass: DoorPass, request: IncomingMessage, response: ServerResponse) => Promise<void>;

interface Made {
  provider: Provider;
  answer: ReturnType<Provider['callback']>;
}

/**
 * The one authorization server of the process. The library's keys are fixed when it is made, so each request asks which
 * keys count now, and when they have changed another is made in the same way and takes its place. What has begun ends
 * with the one it began with.
 */
@Injectable()
export class ProviderHolder {
  private held: { serial: number; made: Promise<Made> } | undefined;

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
  async answer(...about: Parameters<Answering>): Promise<void> {
    await (
      await this.ready()
    )(...about);
  }

  /** What can fail before the library answers has been done, once there is this. */
  async ready(): Promise<Answering> {
    const { answer } = await this.current();
    return (...about) => this.through(answer, ...about);
  }

  private async through(
    answer: Made['answer'],
    pass: DoorPass,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { host, protocol } = new URL(this.publicUrl.origin);
    for (const name of Object.keys(request.headers))
      if (name.startsWith('x-forwarded-') || name === 'forwarded') delete request.headers[name];
    // By the name that its proof of possession was made for, to which the library holds it once more.
    request.headers.host = pass.proof?.host ?? host;
    request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
    await doorPass.run(pass, () => answer(request, response));
  }

  private async current(): Promise<Made> {
    const keys = await this.keys.fresh();
    // Never back to older keys: of two requests the one that asked first may come here last.
    if (!this.held || keys.serial > this.held.serial) this.hold(keys);
    return this.held!.made;
  }

  private hold(keys: LoadedKeys): void {
    const held = { serial: keys.serial, made: Promise.resolve().then(() => this.make(keys)) };
    held.made.catch(() => {
      if (this.held === held) this.held = undefined;
    });
    this.held = held;
  }

  private make(keys: LoadedKeys): Made {
    const provider = new Provider(this.publicUrl.issuer, this.configuration.build(keys));
    patch(provider);
    this.configuration.complete(provider);
    provider.proxy = true;
    provider.use(closedToPages);
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
    provider.on('server_error', (ctx: KoaContextWithOIDC, error: Error) => {
      this.logger.error({ err: error, path: ctx.path }, 'the authorization server failed');
      const pass = doorPass.getStore();
      if (pass) pass.failure = error;
    });
    return { provider, answer: provider.callback() };
  }
}

/** The library lets any page read its answers. Which may is found out where the request comes in, and stays as it is. */
async function closedToPages(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  const ofCors = () => Object.entries(ctx.response.headers).filter(([name]) => name.startsWith('access-control-'));
  const said = ofCors();
  await next();
  for (const [name] of ofCors()) ctx.remove(name);
  for (const [name, value] of said) ctx.set(name, value as string);
}
