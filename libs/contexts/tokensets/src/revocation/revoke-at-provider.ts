import { Inject, Injectable } from '@nestjs/common';
import { UnreadableRecord } from '@strongroom/crypto';
import { EgressFailedError, EgressRefusedError, type EgressRequest } from '@strongroom/egress';
import { LOGGER, type Logger } from '@strongroom/observability';
import {
  Catalogue,
  classifyTransport,
  ConnectionMisconfiguredError,
  readRevocation,
  type ResolvedProvider,
  type RevocationOutcome,
  revocationRequest,
} from '@strongroom/providers';
import { Connections } from '../connections.js';
import { isBoundTo } from '../known-connection.js';
import { ProviderClient } from '../provider-client.js';
import { shippedUrl } from '../shipped-endpoints.js';
import { sayableCode } from '../tokenset-state.js';
import { MisconfiguredError } from '../tokensets.errors.js';
import { RevocationSeal } from './revocation-seal.js';
import type { DueRevocation, Postponed, RevocableTokens, Settled, TryResult } from './revocation.types.js';

/** One try to end a deleted tokenset's tokens: what is sent, where to, and what the answer means. */
@Injectable()
export class RevokeAtProvider {
  constructor(
    private readonly connections: Connections,
    private readonly client: ProviderClient,
    private readonly catalogue: Catalogue,
    private readonly seal: RevocationSeal,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async try(due: DueRevocation): Promise<TryResult> {
    if (due.isOver) return unsent(failed(due.code));
    const connection = await this.connections.nowOrDeleted(due.connectionId);
    if (!connection) return unsent(failed('connection_gone'));
    const account = connection.of(due.params, due.hasRefreshToken);
    const { provider } = account;
    if (!provider) return unsent(again('connection_misconfigured'));
    if (!isBoundTo(due.tokenOrigin, account)) return unsent(failed('endpoint_changed'));
    if (await this.mayEndAnother(due, provider)) return unsent(failed('account_in_use'));
    try {
      const tokens = this.seal.open(due, due.sealed);
      const secret = await this.connections.clientSecret(due.connectionId);
      const requests = revocationRequest(provider, tokens, secret);
      if (requests.length === 0) return unsent({ outcome: 'unsupported', effect: null, code: null });
      if (!requests.every(({ url }) => this.isTrusted(provider, url))) return unsent(failed('endpoint_changed'));
      return await this.present(provider, requests, { tokens, now: due.now });
    } catch (error) {
      if (error instanceof UnreadableRecord) return unsent(failed('unreadable'));
      if (error instanceof MisconfiguredError || error instanceof ConnectionMisconfiguredError)
        return unsent(again('connection_misconfigured'));
      throw error;
    }
  }

  private async present(
    provider: ResolvedProvider,
    requests: readonly EgressRequest[],
    { tokens, now }: { tokens: RevocableTokens; now: Date },
  ): Promise<TryResult> {
    const answers: RevocationOutcome[] = [];
    for (const request of requests) answers.push(await this.ask(provider, request, now));
    const code = (answer: RevocationOutcome) => sayableCode(answer.code, [tokens.accessToken, tokens.refreshToken]);
    const unfinished = answers.find((one) => one.again);
    const refused = answers.find(({ outcome }) => outcome === 'failed');
    const worst = unfinished ?? refused;
    if (worst)
      this.logger.warn(
        { connection: provider.name, class: worst.class, code: code(worst), again: worst.again },
        'tokens not revoked at their provider',
      );
    if (unfinished) return { ...again(code(unfinished)), retryAfter: unfinished.retryAfter, sent: true };
    if (refused) return { ...failed(code(refused)), sent: true };
    const { outcome, effect } = answers.find((one) => one.outcome === 'revoked') ?? answers[0]!;
    return { outcome, effect, code: null, sent: true };
  }

  private async ask(provider: ResolvedProvider, request: EgressRequest, now: Date): Promise<RevocationOutcome> {
    try {
      return readRevocation(provider, await this.client.request(request), now);
    } catch (error) {
      const { effect } = provider.entry.revocation;
      const none = { outcome: 'failed', effect, code: null, retryAfter: null } as const;
      if (error instanceof EgressRefusedError)
        return { ...none, class: 'client_config', code: error.code, again: true };
      if (!(error instanceof EgressFailedError)) throw error;
      const kind = classifyTransport(error, { resolved: provider, phase: 'revoke' }).class;
      return { ...none, class: kind, again: kind === 'retry' };
    }
  }

  /**
   * A grant is one client's: whoever holds the account through another client keeps it, unless revoking ends all that a
   * project was granted. Two providers behind one host may name different people alike, too.
   */
  private async mayEndAnother({ connectionId, heldBy }: DueRevocation, provider: ResolvedProvider): Promise<boolean> {
    if (heldBy.includes(connectionId)) return true;
    if (provider.entry.revocation.effect === 'project') return heldBy.length > 0;
    const holders = await Promise.all(heldBy.map((id) => this.connections.now(id)));
    return holders.some((holder) => holder?.view.options['client_id'] === provider.clientId);
  }

  /**
   * The request carries token and secret: to where the tokens came from; or to where the catalogue says, as long as the
   * tokens come from where it says too (`spec/threats.md` M3).
   */
  private isTrusted(provider: ResolvedProvider, url: string): boolean {
    const { origin } = new URL(url);
    if (origin === provider.tokenOrigin) return true;
    const shipped = (endpoint: 'refresh' | 'token' | 'revocation') =>
      shippedUrl(this.catalogue, provider, endpoint)?.origin;
    return (shipped('refresh') ?? shipped('token')) === provider.tokenOrigin && origin === shipped('revocation');
  }
}

const failed = (code: string | null): Settled => ({ outcome: 'failed', effect: null, code });
const again = (code: string | null): Postponed => ({ outcome: 'again', code, retryAfter: null });
const unsent = (result: Settled | Postponed): TryResult => ({ ...result, sent: false });
