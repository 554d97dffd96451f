import { randomBytes, randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { type BoxContext, intakeKeyAad } from './aad-rows.js';
import { KeyServiceUnavailable } from './crypto.errors.js';
import { boxKeyId, IntakePrivateKey, type IntakeRecipient, openBox } from './intake-box.js';
import type { KeyRing } from './key-ring.js';
import { open, recordKeyId, seal } from './record.js';
import { UnreadableRecord } from './unreadable-record.error.js';

interface IntakeKeyRow {
  id: string;
  state: string;
  private_sealed: Buffer;
}

interface Loaded {
  installationId: string;
  primary: IntakePrivateKey;
  byId: ReadonlyMap<string, IntakePrivateKey>;
}

/**
 * The vault's ends of all boxes. Needs the table of `intakeKeyMigrations`. Sealed with its ring, opened with it, and
 * follows new pairs as the ring follows new keys.
 */
export class IntakePrivateKeys {
  private loaded: Loaded | undefined;

  private constructor(
    private readonly ring: KeyRing,
    private readonly database: DataSource,
  ) {}

  /** Opens the stored key pairs; the first start makes one, and of several first starts one does. */
  static async load(ring: KeyRing, database: DataSource): Promise<IntakePrivateKeys> {
    const keys = new IntakePrivateKeys(ring, database);
    if (!ring.isSealed) await keys.reload();
    ring.onReload(() => keys.reload());
    return keys;
  }

  /** Opened a moment after the ring, which has to be there first. */
  get isSealed(): boolean {
    return !this.loaded || this.ring.isSealed;
  }

  /** What the others need to seal. */
  current(): IntakeRecipient {
    const { installationId, primary } = this.there();
    return { installationId, keyId: primary.id, publicKey: primary.publicKey };
  }

  /** @throws UnreadableRecord */
  async open(context: BoxContext, box: string): Promise<string> {
    const { byId, installationId } = this.there();
    const key = byId.get(boxKeyId(box));
    if (!key) throw new UnreadableRecord();
    return openBox(key, installationId, context, box);
  }

  private there(): Loaded {
    if (this.isSealed) throw new KeyServiceUnavailable();
    return this.loaded!;
  }

  private async reload(): Promise<void> {
    await this.createFirst();
    const rows: IntakeKeyRow[] = await this.database.query(
      `select id, state, private_sealed from intake_keys where state <> 'destroyed' order by version`,
    );
    // Derived once: a pair never changes, only what it is sealed under.
    const byId = new Map(rows.map((row) => [row.id, this.loaded?.byId.get(row.id) ?? this.opened(row)]));
    const primary = byId.get(rows.find(({ state }) => state === 'primary')?.id ?? '');
    if (!primary) throw new Error('no intake key is primary');
    this.loaded = { installationId: this.ring.installationId, primary, byId };
  }

  private async createFirst(): Promise<void> {
    if (this.loaded) return;
    const rows: unknown[] = await this.database.query('select 1 from intake_keys limit 1');
    if (rows.length > 0) return;
    const id = randomUUID();
    const bytes = randomBytes(32);
    const sealed = seal(this.ring.primary(), bytes, this.aad(id));
    bytes.fill(0);
    await this.database.query(
      `insert into intake_keys (id, version, state, private_sealed) values ($1, 1, 'primary', $2)
       on conflict do nothing`,
      [id, sealed],
    );
  }

  private opened({ id, private_sealed }: IntakeKeyRow): IntakePrivateKey {
    const bytes = open(this.ring.byId(recordKeyId(private_sealed)), private_sealed, this.aad(id));
    try {
      return IntakePrivateKey.from(id, bytes);
    } finally {
      bytes.fill(0);
    }
  }

  private aad(keyId: string): Buffer {
    return intakeKeyAad({ installationId: this.ring.installationId, keyId });
  }
}
