import { VaultError } from '@strongroom/errors';
import { decodeJwt } from 'jose';
import type { Answer } from './answers.js';
import { type AuthorizationApp, CALLBACK, startIdentity } from './authorization-app.js';
import type { Browser } from './browser.js';

export type Client = { client_id: string; client_secret: string };
export type Listed = Record<string, unknown> & { id: string };

export const ONLINE = { scope: 'openid profile' };
export const userPath = ({ user_id }: { user_id: string }) => `/users/${encodeURIComponent(user_id)}`;
export const listed = ({ body }: Answer, plural: string) => body[plural] as Listed[];

/** People who sign in to one client, and what is left of it. */
export class SignIns {
  private count = 0;

  private constructor(
    readonly identity: AuthorizationApp,
    readonly client: Client,
  ) {}

  static async start(): Promise<SignIns> {
    const identity = await startIdentity();
    const client = await identity.client();
    await identity.api('things');
    return new SignIns(identity, client);
  }

  stop(): Promise<void> {
    return this.identity.stop();
  }

  person() {
    return this.identity.person(`person${++this.count}@example.com`);
  }

  /** In a browser that may be signed in already. */
  async in(browser: Browser, email: string, of = this.client, params: Record<string, string> = {}) {
    const signed = await this.identity.authorize(browser, email, of, params);
    const { status, body, text } = await this.identity.redeem(of, signed);
    if (status !== 200) throw new Error(text);
    const tokens = body as { access_token: string; refresh_token: string; id_token: string };
    return { ...tokens, sid: decodeJwt(tokens.id_token)['sid'] as string };
  }

  /** As the exchange would ask. */
  async exchanged(refreshToken: string, of = this.client): Promise<unknown> {
    try {
      await this.identity.subjects.validate(this.identity.subject(refreshToken, of));
      return 200;
    } catch (error) {
      return error instanceof VaultError ? `${error.status} ${error.code}` : error;
    }
  }

  async userinfo(token: string): Promise<number> {
    return (await this.identity.get('/userinfo', { authorization: `Bearer ${token}` })).status;
  }

  async asksForLogin(browser: Browser, email: string): Promise<boolean | undefined> {
    const query = new URLSearchParams({
      ...{ response_type: 'code', client_id: this.client.client_id, scope: 'openid', prompt: 'none' },
      ...{ redirect_uri: CALLBACK, code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' },
      login_hint: email,
    });
    const page = await browser.open(`/authorize?${query.toString()}`);
    return page.left?.includes('error=login_required');
  }
}
