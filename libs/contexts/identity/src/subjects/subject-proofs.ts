import { Injectable } from '@nestjs/common';
import { DpopProofs } from '../dpop/dpop-proofs.js';
import { EndpointAddresses } from '../door/endpoint-addresses.js';
import { InvalidDpopProofError, UseDpopNonceError } from '../dpop/dpop.errors.js';

/** A token that is to be exchanged, and what came with it. */
export interface BoundSubject {
  dpop: string | null;
  /** The key that the token is bound to. */
  jkt: string | null;
  /** Of an access token itself: its proof says its hash. */
  accessToken?: string;
  /** Where it was sent; absent: the token endpoint. */
  path?: string | undefined;
  audit: Readonly<Record<string, string | null>>;
}

/** Proofs of possession at the exchange (`spec/wire-contract.md` §1.4). */
@Injectable()
export class SubjectProofs {
  constructor(
    private readonly proofs: DpopProofs,
    private readonly addresses: EndpointAddresses,
  ) {}

  /** A bound token demands one. One that comes with another token must be good as well: it is not there for nothing. */
  async demand({ dpop, jkt, accessToken, path = '/oauth/token', audit }: BoundSubject): Promise<void> {
    if (jkt === null && dpop === null) return;
    const bound = jkt === null ? {} : { jkt, ...(accessToken === undefined ? {} : { accessToken }) };
    const sent = { proof: dpop, method: 'POST', url: this.addresses.of(path), ...bound };
    try {
      await this.proofs.check(sent);
    } catch (error) {
      if (error instanceof InvalidDpopProofError) throw new InvalidDpopProofError(error.why, audit);
      if (error instanceof UseDpopNonceError) throw new UseDpopNonceError(error.nonce, 400, audit);
      throw error;
    }
  }
}
