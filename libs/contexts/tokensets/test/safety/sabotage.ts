import type { TestingModule } from '@nestjs/testing';
import type { Spill, RefreshStore as Store } from '../../src/refresh/refresh.types.js';
import type { Sabotage } from './vault-protocol.js';

interface Parts {
  RefreshStore: typeof Store;
  Spill: typeof Spill;
}

/** Takes one protection away, for a suite that has to show that it would notice. */
export async function sabotaged(app: TestingModule, sabotage: readonly Sabotage[], parts: Parts): Promise<void> {
  const { DataSource } = await import('typeorm');
  const store = app.get<Store>(parts.RefreshStore, { strict: false });
  const database = app.get(DataSource, { strict: false });
  if (sabotage.includes('no spill')) app.get(parts.Spill, { strict: false }).write = () => Promise.resolve();
  if (sabotage.includes('disk full'))
    app.get(parts.Spill, { strict: false }).write = () =>
      Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
  if (sabotage.includes('store answers lost')) loseFirstAnswers(store);
  if (sabotage.includes('no lease')) {
    const begin = store.begin.bind(store);
    store.begin = async (terms) => {
      await database.query('UPDATE tokensets SET lease_until = NULL WHERE id = $1', [terms.tokensetId]);
      return begin(terms);
    };
  }
  if (sabotage.includes('no journal')) {
    const begin = store.begin.bind(store);
    store.begin = async (terms) => {
      const attempt = await begin(terms);
      if (typeof attempt !== 'string') await database.query('DELETE FROM refresh_attempts WHERE id = $1', [attempt.id]);
      return attempt;
    };
  }
}

/** Every call is carried out, and the first of each kind for each tokenset ends in an error all the same. */
function loseFirstAnswers(store: Store): void {
  const lost = new Set<string>();
  for (const name of ['begin', 'renew', 'commit', 'requireReconnect', 'setBack', 'release'] as const) {
    const carryOut = (store[name] as (...parts: unknown[]) => Promise<unknown>).bind(store);
    Object.assign(store, {
      [name]: async (of: { tokensetId: string }, ...more: unknown[]) => {
        const outcome = await carryOut(of, ...more);
        const call = `${name} ${of.tokensetId}`;
        if (lost.has(call)) return outcome;
        lost.add(call);
        throw new Error('Connection terminated unexpectedly');
      },
    });
  }
}
