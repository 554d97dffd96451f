import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { SigningKeys } from '../signing/signing-keys.js';

export interface HintedSignIn {
  clientId: string;
  sid: string | null;
}

/** An ID token that an application sends back, to say which sign-in it means. */
@Injectable()
export class IdTokenHint {
  constructor(
    private readonly keys: SigningKeys,
    private readonly publicUrl: PublicUrl,
  ) {}

  /** Null: it is no ID token of ours. One that has ended says as well as another what it was about. */
  async read(idToken: string): Promise<HintedSignIn | null> {
    const { published } = await this.keys.fresh();
    try {
      const { payload } = await jwtVerify(idToken, createLocalJWKSet({ keys: published }), {
        algorithms: ['RS256'],
        issuer: this.publicUrl.issuer,
        currentDate: new Date(0),
        clockTolerance: Number.MAX_SAFE_INTEGER,
      });
      const { aud, sid, gty } = payload;
      // An access token is for an API and says how it was granted; an ID token is for one client.
      if (typeof aud !== 'string' || gty !== undefined) return null;
      return { clientId: aud, sid: typeof sid === 'string' ? sid : null };
    } catch {
      return null;
    }
  }
}
