import { Injectable } from '@nestjs/common';
import { missingScopes } from '@strongroom/providers';
import { canNarrow, isMoreThan } from '../refresh/can-narrow.js';
import { ScopeMissingError, ScopeNotNarrowableError } from '../tokensets.errors.js';
import type { Chosen } from './chosen-token.js';
import { ConnectHints } from './connect-hints.js';

/** What a caller wants of the scopes that were granted (`spec/wire-contract.md` §1.5). */
@Injectable()
export class WantedScopes {
  constructor(private readonly hints: ConnectHints) {}

  /** `spec/wire-contract.md` §1.5: what the provider is to be asked for, if that is less than it granted. */
  narrowTo(chosen: Chosen): string[] | null {
    const { token, provider, wanted } = chosen;
    if (!this.isLess(chosen, token.scopes)) return null;
    const narrows = token.hasRefreshToken && provider.provider !== null && canNarrow(provider.provider);
    // An empty list would not be sent, and everything would be the answer.
    if (!narrows || wanted.scopes?.length === 0) throw new ScopeNotNarrowableError(token.scopes);
    return wanted.scopes;
  }

  /** Never less than was asked for, and never silently more. */
  checkAnswer(chosen: Chosen, granted: string[]): void {
    const { narrowTo } = chosen;
    const provider = chosen.provider.provider;
    if (narrowTo === null || provider === null) {
      if (this.isLess(chosen, granted)) throw new ScopeNotNarrowableError(granted);
      return;
    }
    if (isMoreThan(provider, narrowTo, granted)) throw new ScopeNotNarrowableError(chosen.token.scopes);
    const missing = missingScopes(provider, narrowTo, granted);
    if (missing.length > 0) throw this.missing(chosen, missing);
  }

  private isLess(chosen: Chosen, granted: string[]): boolean {
    const { scopes } = chosen.wanted;
    if (scopes === null) return false;
    const missing = scopes.filter((scope) => !granted.includes(scope));
    if (missing.length > 0) throw this.missing(chosen, missing);
    return granted.some((scope) => !scopes.includes(scope));
  }

  missing({ token, connection }: Chosen, missing: string[]): ScopeMissingError {
    const scopes = [...new Set([...token.scopes, ...missing])];
    return new ScopeMissingError(missing, this.hints.of(connection.view.name, { id: token.accountId, scopes }));
  }
}
