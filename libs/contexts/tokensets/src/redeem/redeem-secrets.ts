import { Injectable } from '@nestjs/common';
import type { RedeemRequest } from '@strongroom/contracts';
import { IntakePrivateKeys, UnreadableRecord } from '@strongroom/crypto';
import { checkCallbackSignature, type ResolvedProvider } from '@strongroom/providers';
import { Connections } from '../connections.js';
import { RedeemRefusedError } from '../tokensets.errors.js';

export interface OpenedSecrets {
  clientSecret: string | null;
  code: string;
  codeVerifier: string | null;
}

/** What a redeem needs in clear, for one call. */
@Injectable()
export class RedeemSecrets {
  constructor(
    private readonly connections: Connections,
    private readonly intake: IntakePrivateKeys,
  ) {}

  /** @throws RedeemRefusedError if a box does not open, or the provider did not sign the callback as its entry says */
  async open(request: RedeemRequest, provider: ResolvedProvider): Promise<OpenedSecrets> {
    const { sessionId: ownerId, connectionId, codeBox, verifierBox, queryBox } = request;
    const opened = (purpose: 'provider-code' | 'pkce-verifier', field: string, box: string | null) =>
      box === null ? null : this.intake.open({ purpose, connectionId, ownerId, field }, box);
    try {
      const secrets = {
        clientSecret: await this.connections.clientSecret(connectionId),
        code: (await opened('provider-code', 'code', codeBox))!,
        codeVerifier: await opened('pkce-verifier', 'verifier', verifierBox),
      };
      const query = await opened('provider-code', 'query', queryBox);
      if (!isSigned(request, provider, { ...secrets, query })) throw new RedeemRefusedError();
      return secrets;
    } catch (error) {
      throw error instanceof UnreadableRecord ? new RedeemRefusedError(error) : error;
    }
  }
}

/** The signature is over the whole query; what we took from it before must be what was signed. */
function isSigned(
  { captured }: RedeemRequest,
  provider: ResolvedProvider,
  { query, code, clientSecret }: { query: string | null; code: string; clientSecret: string | null },
): boolean {
  const { signature, codeParam } = provider.entry.authorization.callback;
  if (!signature) return true;
  if (query === null || clientSecret === null) return false;
  const members = [...new URLSearchParams(query)];
  const values = Object.fromEntries(members);
  return (
    members.length === Object.keys(values).length &&
    values[codeParam] === code &&
    Object.entries(captured).every(([name, value]) => values[name] === value) &&
    checkCallbackSignature(provider, values, clientSecret)
  );
}
