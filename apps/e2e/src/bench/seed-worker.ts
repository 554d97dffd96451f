import { randomBytes, randomUUID } from 'node:crypto';
import { workerData } from 'node:worker_threads';
import { ConfiguredMasterKeys, KeyRing, seal, tokensetFieldAad } from '@strongroom/crypto';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { clone } from './clone.js';

/** What a worker of `seed.ts` is given. */
export interface Share {
  url: string;
  masterKeys: string;
  template: {
    id: string;
    connection_id: string;
    token_origin: string;
    cred_version: number;
  };
  count: number;
}

const ROWS_OF_A_STATEMENT = 2_000;
const HOUR_MS = 3_600_000;

const { url, masterKeys, template, count } = workerData as Share;
const client = new pg.Client({ connectionString: url, options: '-c synchronous_commit=off' });
await client.connect();
const source = await new DataSource({
  type: 'postgres',
  url,
  extra: { options: '-c search_path=tokensets' },
}).initialize();
const ring = await KeyRing.load({
  database: source,
  masterKeys: ConfiguredMasterKeys.parse(masterKeys),
  context: 'tokensets',
  isObserver: true,
});
for (let made = 0; made < count; made += ROWS_OF_A_STATEMENT)
  await insert(Array.from({ length: Math.min(ROWS_OF_A_STATEMENT, count - made) }, newTokenset));
await ring.close();
await source.destroy();
await client.end();

/** With a key of its own, and opened by the server like any other. */
function newTokenset() {
  const tokensetId = `ts_${randomUUID().replaceAll('-', '')}`;
  const personId = randomUUID();
  const providerSubject = `seeded-${personId}`;
  const { key, wrapped } = ring.newTokensetKey(tokensetId);
  const { connection_id: connectionId, token_origin: tokenOrigin, cred_version: credVersion } = template;
  const place = { tokensetId, personId, connectionId, providerSubject, tokenOrigin, credVersion };
  const sealed = (field: 'access' | 'refresh') =>
    seal(
      key,
      Buffer.from(`cnry_${randomBytes(48).toString('base64url')}`),
      tokensetFieldAad({ installationId: ring.installationId, ...place, field }),
    );
  const accountId = `cac_${randomUUID().replaceAll('-', '')}`;
  const [access, refresh] = [sealed('access'), sealed('refresh')];
  return { tokensetId, personId, providerSubject, accountId, keyId: key.id, wrapped, access, refresh };
}

async function insert(made: ReturnType<typeof newTokenset>[]): Promise<void> {
  const ids = made.map(({ tokensetId }) => tokensetId);
  const keyIds = made.map(({ keyId }) => keyId);
  await client.query(
    'INSERT INTO tokensets.tokenset_keys (key_id, tokenset_id, wrapped) SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[])',
    [keyIds, ids, made.map(({ wrapped }) => wrapped)],
  );
  const all = (value: unknown) => made.map(() => value);
  await clone(client, 'tokensets.tokensets', 'id = $1', template.id, {
    id: ['text', ids],
    person_id: ['uuid', made.map(({ personId }) => personId)],
    account_id: ['text', made.map(({ accountId }) => accountId)],
    provider_subject: ['text', made.map(({ providerSubject }) => providerSubject)],
    provider_email: ['text', made.map(({ personId }) => `${personId}@provider.example`)],
    key_id: ['uuid', keyIds],
    access_sealed: ['bytea', made.map(({ access }) => access)],
    refresh_sealed: ['bytea', made.map(({ refresh }) => refresh)],
    access_issued_at: ['timestamptz', all(new Date())],
    access_expires_at: ['timestamptz', all(new Date(Date.now() + 24 * HOUR_MS))],
    early_at: ['timestamptz', all(null)],
    last_used_at: ['timestamptz', all(new Date())],
  });
}
