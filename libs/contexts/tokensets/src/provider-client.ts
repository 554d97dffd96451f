import { Inject, Injectable } from '@nestjs/common';
import {
  Egress,
  EgressFailedError,
  EgressRefusedError,
  type EgressAnswer,
  type EgressRequest,
} from '@strongroom/egress';
import { LOGGER, type Logger } from '@strongroom/observability';
import {
  classifyTransport,
  ConnectionMisconfiguredError,
  type ProviderError,
  type ProviderTokens,
  readTokenAnswer,
  type ResolvedProvider,
  tokenRequest,
  type TokenRequestInput,
} from '@strongroom/providers';

export interface TokenCall {
  phase: 'exchange' | 'refresh';
  input: TokenRequestInput;
  /** Asked for, or granted before. */
  scopes: string[];
  /** Database time before the send. */
  now: Date;
  timeoutMs?: number;
}

/** One token request, never repeated from here. Always answers: what went wrong is classified. */
@Injectable()
export class ProviderClient {
  constructor(
    private readonly egress: Egress,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async token(provider: ResolvedProvider, call: TokenCall): Promise<ProviderTokens | ProviderError> {
    try {
      const request = tokenRequest(provider, call.phase, call.input);
      const answer = await this.request({ ...request, ...(call.timeoutMs ? { timeoutMs: call.timeoutMs } : {}) });
      return readTokenAnswer(provider, call.phase, { scopes: call.scopes }, answer, call.now);
    } catch (error) {
      return this.classified(provider, call.phase, error);
    }
  }

  /** @throws EgressRefusedError @throws EgressFailedError */
  request(request: EgressRequest): Promise<EgressAnswer> {
    return this.egress.request(request);
  }

  private classified(provider: ResolvedProvider, phase: TokenCall['phase'], error: unknown): ProviderError {
    if (error instanceof EgressFailedError) return classifyTransport(error, { resolved: provider, phase });
    this.logger.error({ err: error, connection: provider.name }, 'token request not made');
    const ours = error instanceof EgressRefusedError || error instanceof ConnectionMisconfiguredError;
    // Anything else went wrong with the answer in hand: the provider may have acted.
    return {
      ...classifyTransport({ sent: ours ? 'no' : 'maybe' }),
      class: ours ? 'client_config' : 'malformed',
      code: ours ? error.code : null,
    };
  }
}
