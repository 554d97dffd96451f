import { randomBytes, randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { type BoxContext, intakeKeyAad } from './aad-rows.js';
import { boxKeyId, IntakePrivateKey, type IntakeRecipient, openBox } from './intake-box.js';
import type { KeyRing } from './key-ring.js';
import { open, recordKeyId, seal } from './record.js';
import { UnreadableRecord } from './unreadable-record.error.js';

interface IntakeKeyRow {
  id: string;
  state: string;
  private_sealed: Buffer;
}

/** The vault's ends of all boxes. Needs the table of `intakeKeyMigrations`. */
export class IntakePrivateKeys {
  private constructor(
    private readonly installationId: string,
    private readonly primary: IntakePrivateKey,
    private readonly byId: ReadonlyMap<string, IntakePrivateKey>,
  ) {}

  /** Opens the stored key pairs; the first start makes one, and of several first starts one does. */
  static async load(ring: KeyRing, database: DataSource): Promise<IntakePrivateKeys> {
    await createFirst(ring, database);
    const rows: IntakeKeyRow[] = await database.query(
      `select id, state, private_sealed from intake_keys where state <> 'destroyed' order by version`,
    );
    const byId = new Map(rows.map((row) => [row.id, opened(ring, row)]));
    const primary = byId.get(rows.find(({ state }) => state === 'primary')?.id ?? '');
    if (!primary) throw new Error('no intake key is primary');
    return new IntakePrivateKeys(ring.installationId, primary, byId);
  }

  /** What the others need to seal. */
  current(): IntakeRecipient {
    const { id, publicKey } = this.primary;
    return { installationId: this.installationId, keyId: id, publicKey };
  }

  /** @throws UnreadableRecord */
  async open(context: BoxContext, box: string): Promise<string> {
    const key = this.byId.get(boxKeyId(box));
    if (!key) throw new UnreadableRecord();
    return openBox(key, this.installationId, context, box);
  }
}

async function createFirst(ring: KeyRing, database: DataSource): Promise<void> {
  const rows: unknown[] = await database.query('select 1 from intake_keys limit 1');
  if (rows.length > 0) return;
  const id = randomUUID();
  const bytes = randomBytes(32);
  const key = ring.primary();
  const sealed = seal(key, bytes, intakeKeyAad({ installationId: ring.installationId, keyId: id }));
  bytes.fill(0);
  await database.query(
    `insert into intake_keys (id, version, state, wrapping_key_id, private_sealed) values ($1, 1, 'primary', $2, $3)
     on conflict do nothing`,
    [id, key.id, sealed],
  );
}

function opened(ring: KeyRing, { id, private_sealed }: IntakeKeyRow): IntakePrivateKey {
  const key = ring.byId(recordKeyId(private_sealed));
  const bytes = open(key, private_sealed, intakeKeyAad({ installationId: ring.installationId, keyId: id }));
  try {
    return IntakePrivateKey.from(id, bytes);
  } finally {
    bytes.fill(0);
  }
}
