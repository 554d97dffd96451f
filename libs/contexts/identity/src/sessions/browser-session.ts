import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProviderHolder } from '../library/provider-holder.js';

export interface OpenSession {
  uid: string;
  personId: string;
}

/** Who is signed in in a browser, by the cookie that the library keeps there. */
@Injectable()
export class BrowserSession {
  constructor(
    private readonly holder: ProviderHolder,
    private readonly publicUrl: PublicUrl,
  ) {}

  async of(request: FastifyRequest, reply: FastifyReply): Promise<OpenSession | null> {
    const provider = await this.holder.provider();
    const { uid, accountId } = await provider.Session.get(provider.createContext(request.raw, reply.raw));
    return accountId === undefined ? null : { uid, personId: accountId };
  }

  /** The cookie and its signature. */
  async forget(reply: FastifyReply): Promise<void> {
    const name = (await this.holder.provider()).cookieName('session');
    const where = this.publicUrl.isHttps ? 'Secure; SameSite=None' : 'SameSite=Lax';
    const gone = (cookie: string) => `${cookie}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; ${where}`;
    void reply.header('set-cookie', [gone(name), gone(`${name}.sig`)]);
  }
}
