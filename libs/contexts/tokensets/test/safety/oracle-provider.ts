import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

export const providerClasses = ['strict', 'sparing', 'grace', 'repeatable'] as const;
/**
 * What a second use of a refresh token does: `strict` ends the grant, `sparing` ends nothing and refuses the old token,
 * `grace` works for a time, `repeatable` always works.
 */
export type ProviderClass = (typeof providerClasses)[number];

interface Grant {
  class: ProviderClass;
  isDead: boolean;
  /** Serial of the newest refresh token. */
  newest: number;
  replacedAt: Map<number, number>;
}

export interface Send {
  grant: string;
  serial: number;
  at: number;
  /** Others of the same token under way at the same time. */
  overlapping: number;
  /** Whether the vault's journal had an open attempt by then. */
  wasJournalled: boolean | null;
}

/**
 * An OAuth provider over real HTTP that knows the truth: which refresh tokens are alive, and what was sent to it. Its
 * tokens carry the grant and a serial number; the class of a grant is the path its code was redeemed at.
 */
export class OracleProvider {
  latencyMs = 0;
  graceMs = 60_000;
  /** Runs once the provider has acted and before it answers; `reset` cuts the connection instead. */
  beforeAnswer: (send: Send) => Promise<'reset' | void> | 'reset' | void = () => undefined;
  /** Runs before the provider acts; `reset` cuts the connection, and nothing has happened. */
  beforeAct: (send: Send) => Promise<'reset' | void> | 'reset' | void = () => undefined;
  readonly sends: Send[] = [];
  private readonly grants = new Map<string, Grant>();
  private readonly underWay = new Map<string, number>();
  private readonly cuts = new Map<string, Promise<unknown>>();

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly url: string,
    /** A connection of its own into the vault's database. */
    private readonly journal: pg.Pool | null,
  ) {}

  static async start(journal: pg.Pool | null): Promise<OracleProvider> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const provider = new OracleProvider(server, `http://127.0.0.1:${port}`, journal);
    server.on('request', (request, response) => void provider.handle(request, response));
    return provider;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** May the token with this serial be used from now on? */
  isAlive(grant: string, serial: number): boolean {
    const known = this.grants.get(grant);
    return known !== undefined && !known.isDead && this.works(known, serial);
  }

  newest(grant: string): number {
    return this.grants.get(grant)!.newest;
  }

  /** For `beforeAct`: until whoever sent the request under way for this grant is gone. */
  async untilCut(grant: string): Promise<'reset'> {
    await this.cuts.get(grant);
    return 'reset';
  }

  sendsOf(grant: string): Send[] {
    return this.sends.filter((send) => send.grant === grant);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      await this.answer(request, new URLSearchParams(Buffer.concat(chunks).toString()), response);
    } catch {
      response.destroy(); // the other end was killed
    }
  }

  private async answer(request: IncomingMessage, form: URLSearchParams, response: ServerResponse): Promise<void> {
    if (request.url === '/me') {
      const grant = (request.headers.authorization ?? '').split('_').at(-2);
      return answerWith(response, 200, { sub: grant, email: `${grant}@example.com` });
    }
    if (form.get('grant_type') === 'authorization_code') {
      const grant = form.get('code')!.split('_').at(-1)!;
      const kind = request.url!.split('/')[1] as ProviderClass;
      this.grants.set(grant, { class: kind, isDead: false, newest: 1, replacedAt: new Map() });
      return answerWith(response, 200, tokens(grant, 1));
    }
    const [grant, serial] = form.get('refresh_token')!.split('_').slice(-2) as [string, string];
    await this.refresh({ grant, serial: Number(serial), scope: form.get('scope') }, response);
  }

  private async refresh(
    { grant, serial, scope }: { grant: string; serial: number; scope: string | null },
    response: ServerResponse,
  ): Promise<void> {
    const token = `${grant}_${serial}`;
    const overlapping = this.underWay.get(token) ?? 0;
    const send: Send = { grant, serial, at: Date.now(), overlapping, wasJournalled: null };
    this.sends.push(send);
    this.underWay.set(token, overlapping + 1);
    this.cuts.set(grant, once(response, 'close'));
    try {
      send.wasJournalled = await this.wasJournalled(send);
      if ((await this.beforeAct(send)) === 'reset') return void response.destroy();
      const serialNow = this.act(this.grants.get(grant), serial);
      if (this.latencyMs > 0) await sleep(this.latencyMs);
      if ((await this.beforeAnswer(send)) === 'reset') return void response.destroy();
      if (serialNow === null) answerWith(response, 400, { error: 'invalid_grant' });
      else answerWith(response, 200, tokens(grant, serialNow, scope));
    } finally {
      this.underWay.set(token, this.underWay.get(token)! - 1);
    }
  }

  /**
   * Open when the request arrived, for by the time that this is answered its sender may have been given up. Null where the
   * database cannot be asked: it may be what a test has taken away.
   */
  private async wasJournalled({ grant, at }: Send): Promise<boolean | null> {
    const text = `SELECT FROM refresh_attempts a JOIN tokensets t ON t.id = a.tokenset_id
      WHERE t.provider_subject = $1
        AND (a.state = 'sent' AND a.base_version = t.cred_version OR a.settled_at >= to_timestamp($2 / 1000.0)) LIMIT 1`;
    const found = await this.journal?.query(text, [grant, at]).catch(() => undefined);
    return found ? found.rowCount === 1 : null;
  }

  /** The serial of what is issued; null: refused. */
  private act(grant: Grant | undefined, serial: number): number | null {
    if (!grant || grant.isDead) return null;
    if (!this.works(grant, serial)) {
      if (grant.class === 'strict') grant.isDead = true;
      return null;
    }
    if (grant.class === 'repeatable') return grant.newest;
    if (!grant.replacedAt.has(serial)) grant.replacedAt.set(serial, Date.now());
    return (grant.newest += 1);
  }

  private works(grant: Grant, serial: number): boolean {
    const replacedAt = grant.replacedAt.get(serial);
    if (replacedAt === undefined) return serial <= grant.newest;
    return grant.class === 'grace' && Date.now() - replacedAt < this.graceMs;
  }
}

/** Scope null: everything. An access token with a part of it shows that it is one. */
const tokens = (grant: string, serial: number, scope: string | null = null) => ({
  access_token: `cnry_${scope === null ? 'at' : 'part'}_${grant}_${serial}`,
  refresh_token: `cnry_rt_${grant}_${serial}`,
  token_type: 'bearer',
  expires_in: 3600,
  scope: scope ?? 'read write',
});

function answerWith(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
