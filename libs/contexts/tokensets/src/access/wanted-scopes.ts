import { Injectable } from '@nestjs/common';
import { missingScopes, scopesBeyond } from '@strongroom/providers';
import { canNarrow, isMoreThan } from '../refresh/can-narrow.js';
import { ScopeMissingError, ScopeNotNarrowableError } from '../tokensets.errors.js';
import { accountHint } from './choose-account.js';
import type { Chosen } from './chosen-token.js';
import { ConnectHints } from './connect-hints.js';

/** What a caller wants of the scopes that were granted (`spec/wire-contract.md` §1.5). */
@Injectable()
export class WantedScopes {
  constructor(private readonly hints: ConnectHints) {}

  /** `spec/wire-contract.md` §1.5: what the provider is to be asked for, if that is less than it granted. */
  narrowTo(chosen: Chosen): string[] | null {
    const { token, provider, wanted } = chosen;
    if (wanted.scopes === null || !this.isLess(chosen, token.scopes)) return null;
    const narrows = token.hasRefreshToken && provider.provider !== null && canNarrow(provider.provider);
    const part = this.partOf(chosen, wanted.scopes);
    // An empty list would not be sent, and everything would be the answer.
    if (!narrows || part.length === 0 || this.beyond(chosen, wanted.scopes, part).length > 0)
      throw new ScopeNotNarrowableError(token.scopes);
    return part;
  }

  /** In the words in which they were granted, for no others may be asked for (RFC 6749 §6). */
  private partOf(chosen: Chosen, asked: string[]): string[] {
    const isPermission = (scope: string) => this.beyond(chosen, [scope], []).length > 0;
    const isAsked = (scope: string) => this.beyond(chosen, [scope], asked).length === 0;
    return chosen.token.scopes.filter((scope) => asked.includes(scope) || (isPermission(scope) && isAsked(scope)));
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
    const missing = this.beyond(chosen, scopes, granted);
    if (missing.length > 0) throw this.missing(chosen, missing);
    return this.beyond(chosen, granted, scopes).length > 0;
  }

  /** A provider grants in its own words: whoever asked it for `email` has what it calls `…/userinfo.email`. */
  private beyond({ provider: { provider } }: Chosen, scopes: string[], others: string[]): string[] {
    const left = [...new Set(scopes)].filter((scope) => !others.includes(scope));
    return provider === null || left.length === 0 ? left : scopesBeyond(provider, left, others);
  }

  missing({ token, connection }: Chosen, missing: string[]): ScopeMissingError {
    const scopes = [...new Set([...token.scopes, ...missing])];
    const connect = this.hints.of(connection.view.name, { id: token.accountId, scopes });
    return new ScopeMissingError(missing, { account: accountHint(token), connect });
  }
}
