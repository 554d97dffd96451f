import { Inject, Injectable, Optional } from '@nestjs/common';
import {
  KeyRing,
  KeyServiceDenied,
  KeyServiceUnavailable,
  open,
  recordKeyId,
  seal,
  secretAad,
  type SealingKey,
  tokensetFieldAad,
  UnreadableRecord,
} from '@strongroom/crypto';
import { LOGGER, type Logger } from '@strongroom/observability';
import { VaultSealedError } from '../tokensets.errors.js';
import { OpenWatch } from './open-watch.js';

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

/**
 * Seals and opens the tokens of tokensets. Nothing else in this context touches their key.
 *
 * Everything throws VaultSealedError while the key service is away, and while so many records do not open that the fault
 * must be ours: then nothing is known of any one of them.
 */
@Injectable()
export class Custody {
  /** A key lives as long as the row it was opened with: what a refresh brings back must never wait for the key service. */
  private readonly held = new WeakMap<KeyRow, SealingKey>();

  constructor(
    private readonly ring: KeyRing,
    private readonly watch: OpenWatch = new OpenWatch(),
    @Optional() @Inject(LOGGER) private readonly logger?: Logger,
  ) {}

  /** @throws UnreadableRecord if this one record does not open */
  open(place: Place, key: KeyRow, field: Field, record: Buffer): string {
    return this.watched({ kind: field, row: place.tokensetId, record }, () =>
      open(this.keyOf(place, key), record, this.aad(place, field)),
    );
  }

  sealTokens(place: Place, key: KeyRow, tokens: { access: string; refresh: string | null }): SealedTokens {
    return unlessSealed(() => {
      const sealing = this.keyOf(place, key);
      const sealField = (field: Field, token: string) =>
        seal(sealing, Buffer.from(token, 'utf8'), this.aad(place, field));
      return {
        accessSealed: sealField('access', tokens.access),
        refreshSealed: tokens.refresh === null ? null : sealField('refresh', tokens.refresh),
      };
    });
  }

  newKey(tokensetId: string): { keyId: string; keyWrapped: Buffer } {
    return unlessSealed(() => {
      const { key, wrapped } = this.ring.newTokensetKey(tokensetId);
      const row = { keyId: key.id, keyWrapped: wrapped };
      this.held.set(row, key);
      return row;
    });
  }

  /** For tokens that are here and must not be lost: null if no key can be made now, and the old one goes on. */
  newKeyIfPossible(tokensetId: string): { keyId: string; keyWrapped: Buffer } | null {
    try {
      return this.newKey(tokensetId);
    } catch (error) {
      if (error instanceof VaultSealedError) return null;
      throw error;
    }
  }

  /** After the commit that shredded it. */
  forget(keyId: string): void {
    this.ring.forget(keyId);
  }

  /** Tokens whose tokenset is not known yet; they open only for this session and this provider. */
  sealPending(at: PendingPlace, content: string): Buffer {
    return unlessSealed(() => seal(this.ring.primary(), Buffer.from(content, 'utf8'), this.pendingAad(at)));
  }

  /** @throws UnreadableRecord if this one record does not open */
  openPending(at: PendingPlace, record: Buffer): string {
    return this.watched({ kind: 'pending-redeem', row: at.sessionId, record }, () =>
      open(this.ring.byId(recordKeyId(record)), record, this.pendingAad(at)),
    );
  }

  private watched(what: { kind: string; row: string; record: Buffer }, work: () => Buffer): string {
    if (!this.watch.admits()) throw new VaultSealedError();
    try {
      const opened = unlessSealed(work);
      this.watch.opened();
      try {
        return opened.toString('utf8');
      } finally {
        opened.fill(0);
      }
    } catch (error) {
      if (!(error instanceof UnreadableRecord)) throw error;
      throw this.doesNotOpen(what) ? error : new VaultSealedError(error);
    }
  }

  /** False: it is one of many, and says nothing of itself. */
  private doesNotOpen({ kind, row, record }: { kind: string; row: string; record: Buffer }): boolean {
    const wasStopped = this.watch.isStopped;
    const isAlone = this.watch.didNotOpen(row);
    const named = { alarm: 'record_unreadable', record: kind, row, keyId: keyIdOf(record) };
    this.logger?.error(named, 'a stored record does not open');
    if (this.watch.isStopped && !wasStopped)
      this.logger?.error(
        { alarm: 'opening_stopped' },
        'many records do not open: nothing more is opened; look at the master keys and at what was restored',
      );
    return isAlone;
  }

  private pendingAad({ sessionId, ...provider }: PendingPlace): Buffer {
    const { installationId } = this.ring;
    return secretAad({ kind: 'pending-redeem', installationId, ownerId: sessionId, provider, field: 'tokens' });
  }

  private keyOf({ tokensetId }: Place, row: KeyRow): SealingKey {
    const known = this.held.get(row);
    if (known) return known;
    const key = this.ring.openTokensetKey(tokensetId, row.keyId, row.keyWrapped ?? Buffer.alloc(0));
    this.held.set(row, key);
    return key;
  }

  private aad(place: Place, field: Field): Buffer {
    return tokensetFieldAad({ installationId: this.ring.installationId, ...place, field });
  }
}

function unlessSealed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const isSealed = error instanceof KeyServiceUnavailable || error instanceof KeyServiceDenied;
    throw isSealed ? new VaultSealedError(error) : error;
  }
}

function keyIdOf(record: Buffer): string | null {
  try {
    return recordKeyId(record);
  } catch {
    return null;
  }
}
