import { Injectable } from '@nestjs/common';
import { KeyRing, open, recordKeyId, seal, secretAad } from '@strongroom/crypto';
import type { RevocableTokens, RevocationPlace } from './revocation.types.js';

export const REVOCATION_KIND = 'revocation';
export const REVOCATION_FIELD = 'tokens';

/** Seals what is still to be revoked, under the installation key: the tokenset's own key is shredded with it. */
@Injectable()
export class RevocationSeal {
  constructor(private readonly ring: KeyRing) {}

  seal(place: RevocationPlace, tokens: RevocableTokens): Buffer {
    const plaintext = Buffer.from(JSON.stringify(tokens), 'utf8');
    try {
      return seal(this.ring.primary(), plaintext, this.aad(place));
    } finally {
      plaintext.fill(0);
    }
  }

  /** @throws UnreadableRecord */
  open(place: RevocationPlace, record: Buffer): RevocableTokens {
    const opened = open(this.ring.byId(recordKeyId(record)), record, this.aad(place));
    try {
      return JSON.parse(opened.toString('utf8')) as RevocableTokens;
    } finally {
      opened.fill(0);
    }
  }

  private aad({ recordId, ...provider }: RevocationPlace): Buffer {
    const { connectionId, tokenOrigin } = provider;
    return secretAad({
      kind: REVOCATION_KIND,
      installationId: this.ring.installationId,
      ownerId: recordId,
      provider: { connectionId, tokenOrigin },
      field: REVOCATION_FIELD,
    });
  }
}
