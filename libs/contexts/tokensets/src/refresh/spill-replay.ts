import { Inject, Injectable } from '@nestjs/common';
import { UnreadableRecord } from '@strongroom/crypto';
import { LOGGER, type Logger } from '@strongroom/observability';
import { DataSource } from 'typeorm';
import { Custody } from '../custody/custody.js';
import { first } from '../rows.js';
import { RedeemJournal } from '../redeem/redeem-journal.js';
import { RefreshStore, Spill } from './refresh.types.js';
import { idOf, type SpilledRedeem, type SpilledRefresh } from './spill-file.js';

/** Only a person moves what waits, or a verdict that is undone: that need not be seen within two seconds. */
const WAITING_MS = 60_000;

/** What has the version that it replaces, once the restored tokenset comes to it, will be of another course of things. */
const RESTORED = 'its tokenset is older than it is: the database was restored';

/** Step 20 of `spec/refresh.md` §4: what was answered and perhaps not committed goes through the commit again. */
@Injectable()
export class SpillReplay {
  private readonly waiting = new Map<string, number>();
  private back: { tokensetId: string; version: number }[] = [];

  constructor(
    private readonly spill: Spill,
    private readonly store: RefreshStore,
    private readonly redeems: RedeemJournal,
    private readonly custody: Custody,
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Any number of times. @throws what the database says; the files stay then. */
  async run(): Promise<void> {
    const files = await this.spill.leftovers();
    for (const id of this.waiting.keys()) if (!files.some((file) => idOf(file) === id)) this.waiting.delete(id);
    for (const file of files)
      if ('redeem' in file) await this.keepPending(file);
      else if ((this.waiting.get(file.attempt.id) ?? 0) <= performance.now()) await this.replay(file);
  }

  async isEmpty(): Promise<boolean> {
    return (await this.spill.leftovers()).length === 0;
  }

  /** Tokensets that came back since this was last asked: a refresh shows whether their grant lives. */
  recovered(): { tokensetId: string; version: number }[] {
    const { back } = this;
    this.back = [];
    return back;
  }

  private async replay(file: SpilledRefresh): Promise<void> {
    const { attempt, credential } = file;
    const row = await this.rowOf(file);
    const defect = row && this.defectOf(file, row);
    if (defect) return this.spill.setAside(attempt.id, defect);
    const written = await this.store.commit(attempt, credential);
    if (written === 'waits' && !row) return this.spill.setAside(attempt.id, new Error(RESTORED));
    if (written === 'waits') {
      this.waiting.set(attempt.id, performance.now() + WAITING_MS);
      return;
    }
    await this.spill.remove(attempt.id);
    if (row && credential.newKey && typeof written !== 'string') this.custody.forget(row.keyId);
    const end = typeof written === 'string' ? written : 'stored';
    this.logger.warn({ attempt: attempt.id, tokenset: attempt.tokensetId, end }, 'spilled refresh replayed');
    if (typeof written !== 'string' && written.hasRecovered)
      this.back.push({ tokensetId: attempt.tokensetId, version: attempt.base + 1 });
  }

  /** Whoever asks for its session goes on with it; of one that ended meanwhile nothing is kept. */
  private async keepPending({ redeem }: SpilledRedeem): Promise<void> {
    const defect = defectIn(() => this.custody.openPending(redeem, redeem.sealed));
    if (defect) return this.spill.setAside(redeem.id, defect);
    const end = (await this.redeems.keepPending(redeem)) ? 'stored' : 'ended';
    await this.spill.remove(redeem.id);
    this.logger.warn({ connectSessionId: redeem.sessionId, end }, 'spilled redeem replayed');
  }

  /** What it would replace. */
  private rowOf({ attempt }: SpilledRefresh): Promise<RowPlace | undefined> {
    return first<RowPlace>(
      this.database.manager,
      `SELECT person_id AS "personId", connection_id AS "connectionId", provider_subject AS "providerSubject",
         t.key_id AS "keyId", k.wrapped AS "keyWrapped"
       FROM tokensets t LEFT JOIN tokenset_keys k ON k.key_id = t.key_id WHERE id = $1 AND cred_version = $2`,
      [attempt.tokensetId, attempt.base],
    );
  }

  /** A record that does not open must not replace one that does. What cannot be tried now is believed. */
  private defectOf({ attempt, credential }: SpilledRefresh, row: RowPlace): UnreadableRecord | undefined {
    if (!credential.refreshSealed) return undefined;
    const { keyId, keyWrapped, ...owner } = row;
    const { tokensetId } = attempt;
    const place = { tokensetId, ...owner, tokenOrigin: credential.tokenOrigin, credVersion: attempt.base + 1 };
    const { newKey, refreshSealed } = credential;
    return defectIn(() => this.custody.open(place, newKey ?? { keyId, keyWrapped }, 'refresh', refreshSealed));
  }
}

function defectIn(open: () => unknown): UnreadableRecord | undefined {
  try {
    open();
    return undefined;
  } catch (error) {
    return error instanceof UnreadableRecord ? error : undefined;
  }
}

interface RowPlace {
  personId: string;
  connectionId: string;
  providerSubject: string;
  keyId: string;
  keyWrapped: Buffer | null;
}
