import { VaultError } from '@strongroom/errors';

type Facts = Readonly<Record<string, string | null>>;

/** No proof of possession, or none that is good for this request and this token (RFC 9449 §5). */
export class InvalidDpopProofError extends VaultError {
  constructor(
    readonly why: string,
    audit?: Facts,
  ) {
    super(`The DPoP proof ${why}.`, {
      code: 'invalid_dpop_proof',
      status: 400,
      details: { reason: 'dpop_invalid' },
      audit: { reason: 'dpop_invalid', ...audit },
    });
  }
}

/** Asks for the same again, with a proof that holds this nonce. The surface makes a `DPoP-Nonce` header of it. */
export class UseDpopNonceError extends VaultError {
  /** @param status 400 at the token endpoint, 401 at a resource. */
  constructor(
    readonly nonce: string,
    status: 400 | 401 = 400,
    audit?: Facts,
  ) {
    super('Send a DPoP proof that holds the nonce of the DPoP-Nonce header.', {
      code: 'use_dpop_nonce',
      status,
      details: { dpop_nonce: nonce },
      audit: { reason: 'dpop_invalid', ...audit },
    });
  }
}
