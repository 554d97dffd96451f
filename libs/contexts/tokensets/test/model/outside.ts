import { randomUUID } from 'node:crypto';
import type { RedeemRequest } from '@strongroom/contracts';
import { Outbox } from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import type { DataSource } from 'typeorm';
import { Custody } from '../../src/custody/custody.js';
import { RedeemJournal } from '../../src/redeem/redeem-journal.js';
import { NoSpill } from '../../src/refresh/no-spill.js';
import { NodeRegistry } from '../../src/refresh/node-registry.js';
import { TokensetsSettings } from '../../src/tokensets.options.js';
import { TokensetStore } from '../../src/redeem/tokenset-store.js';
import { Revocations } from '../../src/revocation/revocations.js';
import { Revoker } from '../../src/revocation/revoker.js';
import { TokensetsService } from '../../src/tokensets.service.js';
import type { ModelDatabase } from './model-database.js';

export const ORIGIN = 'https://provider.example';
/** How long the access tokens of the model's provider live. */
export const LIFE_MS = 100_000;

type Incoming = Parameters<TokensetStore['store']>[0];

/** Whoever connects, reconnects and deletes, by the product's own use cases. */
export class Outside {
  readonly personId = randomUUID();
  readonly connectionId = `con_${randomUUID().replaceAll('-', '')}`;
  private readonly redeems: RedeemJournal;
  private readonly store: TokensetStore;
  private readonly tokensets: TokensetsService;

  constructor(source: DataSource, database: ModelDatabase) {
    const custody = new Custody(database.ring);
    const outbox = new Outbox('tokensets');
    const settings = new TokensetsSettings();
    const nodes = new NodeRegistry(source, database.ring, new NoSpill(), settings, createLogger('silent'));
    this.redeems = new RedeemJournal(source, custody, nodes, settings);
    this.store = new TokensetStore(source, outbox, custody, this.redeems);
    // The connection of the model does not revoke: nothing is presented at the provider when its tokenset goes.
    const revocations = Object.assign(Object.create(Revocations.prototype) as Revocations, {
      revoking: () => Promise.resolve(new Map()),
    });
    const revoker = Object.assign(Object.create(Revoker.prototype) as Revoker, { wake: () => undefined });
    this.tokensets = new TokensetsService(source, outbox, custody, revocations, revoker);
  }

  /** The first time a new tokenset, then new tokens in it. */
  async connect(tokens: { access: string; refresh: string }, now: Date): Promise<string> {
    const request = { ...REQUEST, sessionId: `cs_${randomUUID()}`, ...this.who() };
    await this.redeems.begin(request);
    const incoming = {
      redeem: { request, connection: CONNECTION, params: {}, provider: PROVIDER },
      tokens: {
        accessToken: tokens.access,
        refreshToken: tokens.refresh,
        idToken: null,
        scopes: ['read'],
        issuedAt: now,
        expiresAt: new Date(now.getTime() + LIFE_MS),
        saysLifetime: true,
        refreshExpiresAt: null,
        brought: { extras: {}, params: {} },
        raw: null,
      },
      account: {
        issuer: 'provider.example',
        subject: this.personId,
        tenant: '',
        label: null,
        email: null,
        params: {},
        provider: PROVIDER,
      },
    } as unknown as Incoming;
    return (await this.store.store(incoming)).tokensetId;
  }

  async delete(tokensetId: string): Promise<boolean> {
    return this.tokensets.delete({ personId: this.personId, tokensetId }, 'requested', { kind: 'system' });
  }

  private who() {
    return { personId: this.personId, userId: `auth0|${this.personId}`, connectionId: this.connectionId };
  }
}

/** Of a resolved provider what storing its tokens asks for. */
const PROVIDER = {
  tokenOrigin: ORIGIN,
  entry: { identity: {}, authorization: { baseScopes: [], offlineScopes: [] }, scopes: [], params: {} },
};
const CONNECTION = { of: () => ({ provider: PROVIDER, formerTokenOrigins: [] }) };
const REQUEST: Omit<RedeemRequest, 'sessionId' | 'personId' | 'userId' | 'connectionId'> = {
  clientId: 'app',
  codeBox: '',
  verifierBox: null,
  redirectUri: `${ORIGIN}/callback`,
  nonce: null,
  scopesAsked: ['read'],
  captured: {},
  params: {},
  queryBox: null,
  codeReceiver: null,
  pinnedAccountId: null,
};
