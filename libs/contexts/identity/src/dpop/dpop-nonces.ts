import { hkdfSync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { NonceChallenge } from '../library/library-seams.js';
import { type LoadedKeys, SigningKeys } from '../signing/signing-keys.js';
import { DpopOptions } from './dpop.options.js';

/**
 * Nonces for proofs: made from a sealed key and the time, so that every process knows them and none is stored. The
 * library makes the same ones of the same secret, because it looks at the proof of a code's redemption once more.
 */
@Injectable()
export class DpopNonces {
  private made: { of: string; challenge: NonceChallenge } | undefined;

  constructor(
    private readonly options: DpopOptions,
    private readonly keys: SigningKeys,
  ) {}

  get areRequired(): boolean {
    return this.options.requireNonce;
  }

  /** Undefined: nobody is asked for one. */
  secret({ cookies }: LoadedKeys): Buffer | undefined {
    if (!this.areRequired) return undefined;
    return Buffer.from(hkdfSync('sha256', Buffer.from(cookies[0]!, 'base64url'), '', 'strongroom/dpop-nonce/1', 32));
  }

  /** Null: nobody is asked for one. */
  async current(): Promise<NonceChallenge | null> {
    const secret = this.secret(await this.keys.get());
    if (!secret) return null;
    const of = secret.toString('base64url');
    if (this.made?.of !== of) this.made = { of, challenge: new NonceChallenge(secret, 'DPoP') };
    return this.made.challenge;
  }
}
