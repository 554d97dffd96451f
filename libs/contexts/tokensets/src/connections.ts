import { Injectable } from '@nestjs/common';
import { ConnectionDirectory } from '@strongroom/contracts';
import { IntakePrivateKeys, UnreadableRecord } from '@strongroom/crypto';
import { Catalogue } from '@strongroom/providers';
import { KnownConnection } from './known-connection.js';
import { MisconfiguredError } from './tokensets.errors.js';

const REMEMBERED_MS = 2_000;
const MOST_REMEMBERED = 1_000;

/** Connections as this context needs them: resolved, and with their secret in clear for one call. */
@Injectable()
export class Connections {
  private readonly remembered = new Map<string, { until: number; connection: Promise<KnownConnection | null> }>();

  constructor(
    private readonly directory: ConnectionDirectory,
    private readonly intake: IntakePrivateKeys,
    private readonly catalogue: Catalogue,
  ) {}

  /** As it was at most two seconds ago: an exchange of a fresh token costs no question. */
  recent(connectionId: string): Promise<KnownConnection | null> {
    const known = this.remembered.get(connectionId);
    if (known && known.until > performance.now()) return known.connection;
    const connection = this.now(connectionId);
    connection.catch(() => this.remembered.delete(connectionId));
    if (this.remembered.size >= MOST_REMEMBERED) this.remembered.clear();
    this.remembered.set(connectionId, { until: performance.now() + REMEMBERED_MS, connection });
    return connection;
  }

  async now(connectionId: string): Promise<KnownConnection | null> {
    const view = await this.directory.byId(connectionId, null);
    return view && new KnownConnection(view, this.catalogue);
  }

  /** As it is, or as it was when it was deleted, if it revoked on delete then. */
  async nowOrDeleted(connectionId: string): Promise<KnownConnection | null> {
    const known = await this.now(connectionId);
    if (known) return known;
    const deleted = await this.directory.deleted(connectionId);
    return deleted && new KnownConnection(deleted.connection, this.catalogue);
  }

  /** Null: the client is public. @throws MisconfiguredError if the box does not open. */
  async clientSecret(connectionId: string): Promise<string | null> {
    const credentials =
      (await this.directory.credentials(connectionId)) ?? (await this.directory.deleted(connectionId));
    if (!credentials?.secretBox) return null;
    const context = {
      purpose: 'connection-credential',
      connectionId,
      ownerId: connectionId,
      field: 'client_secret',
    } as const;
    return this.intake.open(context, credentials.secretBox).catch((error: unknown) => {
      throw error instanceof UnreadableRecord ? new MisconfiguredError(error) : error;
    });
  }
}
