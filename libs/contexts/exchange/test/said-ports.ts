import type { IncomingMessage, ServerResponse } from 'node:http';
import { type DynamicModule, Global, Injectable, Module } from '@nestjs/common';
import {
  Bearer,
  Clients,
  ConnectionDirectory,
  type ConnectionView,
  type IssuedToken,
  type Subject,
  type SubjectRequest,
  SubjectTokens,
  TokenVault,
  type WantedToken,
} from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { OtherGrants, PublicUrl } from '@strongroom/http';
import { type Count, Counters, InProcessCounters } from '@strongroom/locking';
import { createLogger, LOGGER } from '@strongroom/observability';

/** Says whom each subject token belongs to, as `identity` would at this moment. */
export class SaidSubjects extends SubjectTokens {
  readonly people = new Map<string, Subject>();
  /** Thrown for whoever asks. */
  refusal: VaultError | undefined;
  /** The last request. */
  asked: SubjectRequest | undefined;

  validate(request: SubjectRequest): Promise<Subject> {
    const { subjectToken } = request;
    this.asked = request;
    if (this.refusal) return Promise.reject(this.refusal);
    if (subjectToken === 'cnry_too_many')
      return Promise.reject(new VaultError('wait', { code: 'too_many_requests', status: 429, retryAfter: 30 }));
    const subject = this.people.get(subjectToken);
    if (subject) return Promise.resolve(subject);
    const details = { reason: 'subject_revoked' };
    return Promise.reject(
      new VaultError('Unknown or invalid refresh token.', { code: 'invalid_grant', status: 403, details }),
    );
  }
}

export class SaidConnections extends ConnectionDirectory {
  readonly views = new Map<string, Partial<ConnectionView>>([['acme', {}]]);

  byName(name: string): Promise<ConnectionView | null> {
    const view = this.views.get(name);
    const usual = { connectionId: 'con_acme', name, vaultActive: true, enabledForClient: true };
    return Promise.resolve(view ? ({ ...usual, ...view } as ConnectionView) : null);
  }
  byId = () => Promise.resolve(null);
  ofClient = () => Promise.resolve([]);
  credentials = () => Promise.resolve(null);
  deleted = () => Promise.resolve(null);
}

/** Hands out a token that names its person, and keeps what it was asked. */
export class AskedVault extends TokenVault {
  asked: WantedToken[] = [];
  isFresh = true;
  canNarrow = false;
  refusal: VaultError | undefined;
  /** What a vault must never say, and a careless answer would hand on. */
  more = {};

  accessToken(wanted: WantedToken): Promise<IssuedToken | null> {
    this.asked.push(wanted);
    if (this.refusal) return Promise.reject(this.refusal);
    if (!this.isFresh && !wanted.mayRefresh) return Promise.resolve(null);
    return Promise.resolve({
      accessToken: `cnry_at_${wanted.personId}`,
      expiresIn: 100,
      expiresAt: new Date().toISOString(),
      scopes: this.canNarrow && wanted.scopes !== null ? wanted.scopes : ['read', 'write'],
      connectionId: 'con_acme',
      accountId: 'cac_1',
      tokensetId: 'ts_1',
      refreshed: !this.isFresh,
      ...this.more,
    });
  }
  redeem = () => Promise.reject(new Error('not part of an exchange'));
  pushAuthorization = () => Promise.reject(new Error('not part of an exchange'));
  redeemed = () => Promise.resolve(null);
  list = () => Promise.resolve([]);
  delete = () => Promise.resolve(false);
  label = () => Promise.resolve(null);
  pause = () => Promise.resolve(false);
  abandon = () => Promise.resolve(true);
  revocations = () => Promise.resolve([]);
}

@Injectable()
export class CountedCounters extends InProcessCounters {
  added = 0;

  constructor() {
    super();
  }

  override add(...one: Parameters<Counters['add']>): Promise<Count> {
    this.added += 1;
    return super.add(...one);
  }
}

export class EchoedGrants extends OtherGrants {
  async answer(_request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    response.setHeader('content-type', 'text/plain');
    response.end(body);
    return Promise.resolve();
  }
}

/** `spa` has a page at one origin. */
export class OneWebOrigin extends Clients {
  get = () => Promise.resolve(null);
  setup = () => Promise.resolve(null);
  override isWebOrigin(origin: string, clientId: string | null): Promise<boolean> {
    return Promise.resolve(origin === 'https://app.example.com' && (clientId ?? 'spa') === 'spa');
  }
}

@Global()
@Module({})
export class Ports {
  static of(given: Record<'subjects' | 'directory' | 'vault', object>): DynamicModule {
    const providers = [
      { provide: SubjectTokens, useValue: given.subjects },
      { provide: ConnectionDirectory, useValue: given.directory },
      { provide: TokenVault, useValue: given.vault },
      { provide: OtherGrants, useClass: EchoedGrants },
      { provide: Clients, useClass: OneWebOrigin },
      { provide: Bearer, useValue: {} },
      { provide: Counters, useClass: CountedCounters },
      { provide: PublicUrl, useValue: new PublicUrl('https://vault.example.com') },
      { provide: LOGGER, useValue: createLogger('silent') },
    ];
    return { module: Ports, providers, exports: providers.map(({ provide }) => provide) };
  }
}
