import { Injectable } from '@nestjs/common';
import { KeyRing, open, recordKeyId, seal, secretAad, type SealingKey, tokensetFieldAad } from '@strongroom/crypto';

/** Where a sealed field stands. It opens in no other row and at no other version. */
export interface Place {
  tokensetId: string;
  personId: string;
  connectionId: string;
  providerSubject: string;
  tokenOrigin: string;
  credVersion: number;
}

export interface KeyRow {
  keyId: string;
  /** Null: shredded. */
  keyWrapped: Buffer | null;
}

export interface SealedTokens {
  accessSealed: Buffer;
  refreshSealed: Buffer | null;
}

export interface PendingPlace {
  sessionId: string;
  connectionId: string;
  tokenOrigin: string;
}

type Field = 'access' | 'refresh';

/** Seals and opens the tokens of tokensets. Nothing else in this context touches their key. */
@Injectable()
export class Custody {
  constructor(private readonly ring: KeyRing) {}

  /** @throws UnreadableRecord */
  open(place: Place, key: KeyRow, field: Field, record: Buffer): string {
    const opened = open(this.keyOf(place, key), record, this.aad(place, field));
    try {
      return opened.toString('utf8');
    } finally {
      opened.fill(0);
    }
  }

  sealTokens(place: Place, key: KeyRow, tokens: { access: string; refresh: string | null }): SealedTokens {
    const sealing = this.keyOf(place, key);
    const sealField = (field: Field, token: string) =>
      seal(sealing, Buffer.from(token, 'utf8'), this.aad(place, field));
    return {
      accessSealed: sealField('access', tokens.access),
      refreshSealed: tokens.refresh === null ? null : sealField('refresh', tokens.refresh),
    };
  }

  newKey(tokensetId: string): { keyId: string; keyWrapped: Buffer } {
    const { key, wrapped } = this.ring.newTokensetKey(tokensetId);
    return { keyId: key.id, keyWrapped: wrapped };
  }

  /** After the commit that shredded it. */
  forget(keyId: string): void {
    this.ring.forget(keyId);
  }

  /** Tokens whose tokenset is not known yet; they open only for this session and this provider. */
  sealPending(at: PendingPlace, content: string): Buffer {
    return seal(this.ring.primary(), Buffer.from(content, 'utf8'), this.pendingAad(at));
  }

  /** @throws UnreadableRecord */
  openPending(at: PendingPlace, record: Buffer): string {
    return open(this.ring.byId(recordKeyId(record)), record, this.pendingAad(at)).toString('utf8');
  }

  private pendingAad({ sessionId, ...provider }: PendingPlace): Buffer {
    const { installationId } = this.ring;
    return secretAad({ kind: 'pending-redeem', installationId, ownerId: sessionId, provider, field: 'tokens' });
  }

  private keyOf({ tokensetId }: Place, { keyId, keyWrapped }: KeyRow): SealingKey {
    return this.ring.openTokensetKey(tokensetId, keyId, keyWrapped ?? Buffer.alloc(0));
  }

  private aad(place: Place, field: Field): Buffer {
    return tokensetFieldAad({ installationId: this.ring.installationId, ...place, field });
  }
}
