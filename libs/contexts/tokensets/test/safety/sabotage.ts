import type { TestingModule } from '@nestjs/testing';
import type { RefreshStore as Store } from '../../src/refresh/refresh.types.js';
import type { Sabotage } from './vault-protocol.js';

interface Parts {
  RefreshStore: typeof Store;
}

/** Takes one protection away, for a suite that has to show that it would notice. */
export async function sabotaged(app: TestingModule, sabotage: readonly Sabotage[], parts: Parts): Promise<void> {
  const { DataSource } = await import('typeorm');
  const store = app.get<Store>(parts.RefreshStore, { strict: false });
  const database = app.get(DataSource, { strict: false });
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
