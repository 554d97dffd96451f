import { Injectable } from '@nestjs/common';
import type { PresentedToken } from '@strongroom/contracts';
import { InvalidTokenError } from '../authorization.errors.js';
import type { PresentedAccessToken } from '../signing/bearer-header.js';
import { DpopProofs } from './dpop-proofs.js';
import { InvalidDpopProofError, UseDpopNonceError } from './dpop.errors.js';

/** Proofs that come with access tokens to our own APIs. */
@Injectable()
export class ResourceProofs {
  constructor(private readonly proofs: DpopProofs) {}

  /**
   * Token and scheme must agree on whether it is bound (RFC 9449 §7.2): as a bearer token it would pass with no proof.
   *
   * @param jkt the key that the token says it is bound to
   */
  async demand({ token, isBound }: PresentedAccessToken, jkt: string | null, sent: PresentedToken): Promise<void> {
    if (jkt === null && isBound) throw new InvalidTokenError('it is bound to no key; send it as Authorization: Bearer');
    if (jkt === null) return;
    if (!isBound) throw new InvalidTokenError('it is bound to a key; send it as Authorization: DPoP, with a proof');
    try {
      await this.proofs.check({ proof: sent.dpop, method: sent.method, url: sent.url, accessToken: token, jkt });
    } catch (error) {
      if (error instanceof UseDpopNonceError) throw new UseDpopNonceError(error.nonce, 401);
      if (error instanceof InvalidDpopProofError) throw new InvalidTokenError(lowerFirst(error.message));
      throw error;
    }
  }
}

const lowerFirst = (text: string): string => text[0]!.toLowerCase() + text.slice(1);
