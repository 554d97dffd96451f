import { setTimeout as sleep } from 'node:timers/promises';
import { KeyRing, KeyRotation } from '@strongroom/crypto';
import { createLogger } from '@strongroom/observability';
import { keyTargets } from '../src/keys/key-targets.js';
import { RevocationSeal } from '../src/revocation/revocation-seal.js';
import { RevocationStore } from '../src/revocation/revocation-store.js';
import { RevokeAtProvider } from '../src/revocation/revoke-at-provider.js';
import { Revoker } from '../src/revocation/revoker.js';
import { TokensetsService } from '../src/tokensets.service.js';
import { type Answer } from './provider.js';
import { Bench } from './bench.js';

export interface Account {
  personId: string;
  connectionId: string;
  tokensetId: string;
  accountId: string;
}

export interface RecordRow {
  id: string;
  sealed: Buffer | null;
  installation_key_id: string | null;
  provider_subject: string | null;
  provider_params: object | null;
  outcome: string | null;
  attempts: number;
  code: string | null;
  next_attempt_at: Date | null;
}

/** What a provider with a revocation endpoint was asked to end. */
export class RevokingBench {
  readonly asked: URLSearchParams[] = [];
  answer: () => Answer = () => ({ status: 200, body: {} });

  private constructor(readonly bench: Bench) {}

  static async start(...options: Parameters<typeof Bench.start>): Promise<RevokingBench> {
    const revoking = new RevokingBench(await Bench.start(...options));
    revoking.bench.provider.pages.set('/revoke', (form) => {
      revoking.asked.push(form);
      return revoking.answer();
    });
    return revoking;
  }

  /** No test finds what another has left. */
  async reset(): Promise<void> {
    await this.work();
    await this.bench.sql.query('DELETE FROM revocations');
    this.asked.length = 0;
    this.answer = () => ({ status: 200, body: {} });
  }

  /** A person with an account on a connection that revokes on delete. */
  async connected(revocation: object = {}, settings: object = {}): Promise<Account> {
    const { url } = this.bench.provider;
    const account = await this.bench.connected({
      endpoints: { revocation: `${url}/revoke` },
      revocation: { support: 'rfc7009', effect: 'grant', manageUrl: 'https://tool.example/apps', ...revocation },
      ...settings,
    });
    this.options(account, { revoke_on_delete: true });
    return account;
  }

  options({ connectionId }: Account, more: Record<string, unknown>): void {
    const view = this.bench.directory.views.get(connectionId)!;
    this.bench.directory.views.set(connectionId, { ...view, options: { ...view.options, ...more } });
  }

  disconnect({ personId, accountId }: Account): Promise<boolean> {
    return this.bench.vault.delete({ personId, accountId, reason: 'disconnected', actor: { kind: 'user' } });
  }

  /** What the event that a connection is gone leads to. */
  deleteOf(connectionId: string): Promise<boolean> {
    return this.bench.app.get(TokensetsService).delete({ connectionId }, 'connection_deleted', { kind: 'system' });
  }

  /** Everything that is due is done. */
  work(): Promise<void> {
    return this.bench.app.get(Revoker).work();
  }

  /** Another process on the same database. */
  secondRevoker(): Revoker {
    const { app } = this.bench;
    return new Revoker(
      app.get(RevocationStore),
      app.get(RevokeAtProvider),
      app.get(RevocationSeal),
      createLogger('silent'),
    );
  }

  async record({ tokensetId }: Account): Promise<RecordRow | undefined> {
    const text = 'SELECT * FROM revocations WHERE tokenset_id = $1';
    return (await this.bench.sql.query<RecordRow>(text, [tokensetId])).rows[0];
  }

  /** As if so much time had passed since the deletion. */
  async later({ tokensetId }: Account, seconds: number): Promise<void> {
    await this.bench.sql.query(
      `UPDATE revocations SET next_attempt_at = next_attempt_at - make_interval(secs => $2),
         lease_until = lease_until - make_interval(secs => $2), give_up_at = give_up_at - make_interval(secs => $2),
         deleted_at = deleted_at - make_interval(secs => $2), finished_at = finished_at - make_interval(secs => $2)
       WHERE tokenset_id = $1`,
      [tokensetId, seconds],
    );
  }

  /** A whole rotation, to the end of the old key; its id. */
  async rotateKey(): Promise<string> {
    const { app } = this.bench;
    const ring = app.get(KeyRing);
    const old = ring.primary().id;
    const say = () => Promise.resolve();
    const pace = { rowsPerSecond: 100_000, settleSeconds: 0, retiredSeconds: 0 };
    const rotation = new KeyRotation({ ring, targets: keyTargets, say, ...pace });
    await rotation.rekey();
    for (;;) {
      await rotation.tick();
      const { state } = (await rotation.status()).find(({ keyId }) => keyId === old)!;
      if (state === 'destroyed') return old;
      await sleep(50);
    }
  }

  /** The last two words on a tokenset. */
  async lastEvents(account: Account): Promise<unknown[]> {
    return (await this.bench.events(account))
      .slice(-2)
      .map(({ type, sequence, data }) => [
        type.replace(/^strongroom\.|\.v1$/g, ''),
        sequence,
        ...('outcome' in data ? [{ outcome: data['outcome'], effect: data['effect'], code: data['code'] }] : []),
      ]);
  }
}

/** What the tokens of a tokenset are called, by the order in which the provider issued them. */
export const refreshTokenOf = (bench: Bench): string => `cnry_rt_${bench.provider.newest}`;
export const accessTokenOf = (bench: Bench): string => `cnry_at_${bench.provider.newest}`;
