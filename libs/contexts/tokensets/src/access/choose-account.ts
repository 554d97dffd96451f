import { AccountAmbiguousError, type AccountHint, AccountNotFoundError } from '../tokensets.errors.js';
import type { StoredToken } from './tokenset-reads.js';

/** What a caller can name the account by. */
export const accountHint = ({ accountId, subject }: StoredToken): AccountHint => ({
  id: accountId,
  login_hint: subject || accountId,
});

const ambiguous = (accounts: readonly StoredToken[]) =>
  new AccountAmbiguousError(accounts.map((account) => ({ ...accountHint(account), label: account.label })));

/**
 * The account that is meant (`spec/wire-contract.md` §1.5). The upstream id goes before the e-mail and both before our
 * own names, so that nobody is shadowed by a label that somebody else chose.
 */
export function chooseAccount(accounts: readonly [StoredToken, ...StoredToken[]], hint: string | null): StoredToken {
  if (hint === null) {
    if (accounts.length > 1) throw ambiguous(accounts);
    return accounts[0];
  }
  const name = hint.normalize();
  const email = name.toLowerCase();
  const ways: ((account: StoredToken) => boolean)[] = [
    ({ subject }) => subject === hint,
    (account) => account.email?.toLowerCase() === email,
    ({ accountId }) => accountId === hint,
    ({ label }) => label === name,
  ];
  for (const way of ways) {
    const [found, ...more] = accounts.filter(way);
    if (found && more.length > 0) throw ambiguous([found, ...more]);
    if (found) return found;
  }
  throw new AccountNotFoundError();
}
