import { randomUUID } from 'node:crypto';
import type { Bench } from './bench.js';

/** Whose account the provider says it is. */
export const accountOf =
  ({ provider }: Bench) =>
  () => ({ status: 200, body: { sub: provider.subject, email: 'ann@example.com' } });

/** The provider as each test of a redeem finds it: with a new account, and nothing asked yet. */
export function makeRedeemable(bench: Bench): void {
  Object.assign(bench.provider, {
    isOffline: true,
    scope: 'read write',
    subject: `upstream-${randomUUID()}`,
    identity: accountOf(bench),
  });
  bench.provider.before = () => undefined;
  bench.provider.calls.length = 0;
  bench.provider.identityCalls = 0;
}
