import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceNames } from '@strongroom/contracts';
import type { EmbeddedPostgres } from '@strongroom/persistence';
import { quickDirectory, startCopiedPostgres } from '@strongroom/testing';
import pg from 'pg';
import { strongroom } from '../../test/terminal.js';

const KEYS = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'] as const;

/** On a Postgres of its own: roles belong to the whole server. */
describe('strongroom restore', () => {
  let home: string;
  let server: EmbeddedPostgres;
  let operator: Record<string, string>;

  beforeAll(async () => {
    home = await quickDirectory('restore');
    server = await startCopiedPostgres({ dataDir: home });
    operator = { STRONGROOM_OWNER_DATABASE_URL: server.url, STRONGROOM_SECRETS_DIR: join(home, 'secrets') };
    await strongroom(['init', '--dir', join(home, 'secrets'), '--public-url', 'https://vault.example.org']);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(home, { recursive: true });
  });

  const sql = async (statement: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    return (await client.query<Record<string, unknown>>(statement).finally(() => client.end())).rows;
  };
  const tokenset = (id: string, keyId: string) =>
    sql(`INSERT INTO tokensets.tokensets (id, person_id, account_id, connection_id, provider_subject, token_origin,
           scopes_asked, scopes_granted, status, cred_version, event_version, key_id, refresh_sealed, access_issued_at)
         VALUES ('${id}', '${keyId}', 'cac_${id.slice(3)}', 'con_0123456789abcdef', '${id}', 'https://p.example', '{}', '{}', 'active', 1, 1,
           '${keyId}', '\\x00', now());
         INSERT INTO tokensets.tokenset_keys (key_id, tokenset_id, wrapped) VALUES ('${keyId}', '${id}', '\\x00')`);

  it('wants the tables first', async () => {
    const { code, text } = await strongroom(['restore', 'finish'], operator);
    expect([code, text]).toEqual([1, expect.stringMatching(/strongroom: .*(migrate|does not exist)/)]);
    expect(await strongroom(['migrate'], operator)).toMatchObject({ code: 0 });
  });

  it('deletes what the list and the ledger say, and settles every schema on its server', async () => {
    await tokenset('ts_listed0000000000000000', KEYS[0]);
    await tokenset('ts_told000000000000000000', KEYS[1]);
    await tokenset('ts_kept000000000000000000', '00000000-0000-4000-8000-000000000003');
    await sql(`INSERT INTO audit.ledger (n, event_id, name, actor_kind, occurred_at, headers, data)
      VALUES (1, '${KEYS[1]}', 'tokenset.deleted', 'user', now(), '{}',
        '{"tokensetId":"ts_told000000000000000000","keyId":"${KEYS[1]}","actor":{"kind":"user"}}')`);
    for (const service of serviceNames)
      await sql(`UPDATE ${service.replaceAll('-', '_')}.database_home SET system_identifier = '7'`);
    const list = join(home, 'erased.jsonl');
    const entry = {
      keyId: KEYS[0],
      tokensetId: 'ts_listed0000000000000000',
      shreddedAt: new Date().toISOString(),
      isDeleted: true,
    };
    writeFileSync(list, `${JSON.stringify(entry)}\n`);

    const { code, text } = await strongroom(['restore', 'finish', '--shredded', list], operator);
    expect([code, text]).toEqual([0, expect.stringMatching(/1 erased keys in the list, 1 deletions in the ledger/)]);
    expect(text).toMatch(/tokensets: 2 deleted again, 0 connected anew/);
    expect(text.match(/settled on this Postgres server/g)).toHaveLength(6);
    expect(await sql('SELECT id, restored_at IS NOT NULL AS restored FROM tokensets.tokensets')).toEqual([
      { id: 'ts_kept000000000000000000', restored: true },
    ]);
    const again = await strongroom(['restore', 'finish', '--shredded', list], operator);
    expect([again.code, again.text]).toEqual([0, expect.stringMatching(/0 deleted again/)]);
  });

  it('writes the list for its owner alone, and reads it again', async () => {
    const list = join(home, 'exported.jsonl');
    expect(await strongroom(['restore', 'export-shredded', '--out', list], operator)).toMatchObject({
      code: 0,
      text: expect.stringMatching(/exported\.jsonl: 2 erased keys$/) as string,
    });
    expect(statSync(list).mode & 0o777).toBe(0o600);
    const ids = readFileSync(list, 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { keyId: string }).keyId);
    expect(ids.sort()).toEqual([...KEYS]);
    expect((await strongroom(['restore', 'finish', '--shredded', list], operator)).code).toBe(0);
  });

  it('writes the list of a standalone server that is running, which goes on', async () => {
    const list = join(home, 'standalone.jsonl');
    expect(await strongroom(['restore', 'export-shredded', '--data-dir', home, '--out', list], {})).toMatchObject({
      code: 0,
      text: expect.stringMatching(/standalone\.jsonl: 2 erased keys$/) as string,
    });
    expect(await sql('SELECT count(*)::int AS n FROM tokensets.shredded_keys')).toEqual([{ n: 2 }]);
  });

  it('names the line of a list that is none, and changes nothing', async () => {
    const list = join(home, 'broken.jsonl');
    writeFileSync(list, '{"keyId":"cnry_no_key"}\n');
    const { code, text } = await strongroom(['restore', 'finish', '--shredded', list], operator);
    expect([code, text]).toEqual([1, expect.stringMatching(/broken\.jsonl: line 1 is no entry/)]);
    expect(text).not.toMatch(/cnry_/);
    expect((await strongroom(['restore', 'finish', '--shredded', join(home, 'nothing')], operator)).code).toBe(1);
    expect((await strongroom(['restore', 'finish', '--data-dir', join(home, 'nothing')], {})).text).toMatch(
      /holds no database/,
    );
  });
});
