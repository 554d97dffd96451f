/** What an operator decides about proofs of possession. */
export abstract class DpopOptions {
  /** Each proof must hold a nonce of ours; costs a client one more round trip now and then. */
  abstract readonly requireNonce: boolean;
}
