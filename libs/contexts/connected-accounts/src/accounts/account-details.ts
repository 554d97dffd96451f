import { Injectable } from '@nestjs/common';
import { TokenVault, type TokensetView } from '@strongroom/contracts';
import type { ConnectedAccountEntity } from './connected-account.entity.js';

/** What a person sees of an account beyond what apps see, `spec/wire-contract.md` §5.7. */
export interface AccountDetails {
  status: 'connected' | 'reconnect_required';
  reason: string | null;
  label: string | null;
  last_used_at: string | null;
  paused_clients: string[];
}

/** Asks the vault, which knows more, and earlier, than the events it sends. */
@Injectable()
export class DetailsOfAccounts {
  constructor(private readonly vault: TokenVault) {}

  /** In the order of `accounts`. */
  async of(personId: string, accounts: readonly ConnectedAccountEntity[]): Promise<AccountDetails[]> {
    if (accounts.length === 0) return [];
    const tokensets = new Map((await this.vault.list(personId)).map((tokenset) => [tokenset.accountId, tokenset]));
    return accounts.map((account) => {
      const tokenset = tokensets.get(account.id);
      return tokenset ? asTheVaultSays(tokenset) : asWeHeard(account);
    });
  }
}

const asTheVaultSays = ({ status, reason, label, lastUsedAt, pausedClients }: TokensetView): AccountDetails => ({
  status: status === 'active' ? 'connected' : status,
  reason,
  label,
  last_used_at: lastUsedAt,
  paused_clients: pausedClients,
});

/** Its tokens are gone, and the event that takes the account out of this list is still on its way. */
const asWeHeard = ({ status, reason, label }: ConnectedAccountEntity): AccountDetails => ({
  status: status === 'disconnected' ? 'reconnect_required' : status,
  reason,
  label,
  last_used_at: null,
  paused_clients: [],
});
