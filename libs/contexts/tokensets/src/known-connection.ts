import type { ConnectionView } from '@strongroom/contracts';
import { type Catalogue, ConnectionMisconfiguredError, type ResolvedProvider } from '@strongroom/providers';
import { fillingFrom, paramsFrom } from './brought.js';
import { shippedUrl } from './shipped-endpoints.js';

/** Values of an entry's params that only an account has: a shop, a tenant (`spec/providers.md` §2.1 `params`). */
export type AccountParams = Readonly<Record<string, string>>;

/** The provider of one account. */
export interface AccountProvider {
  /** Null: it cannot be used as it is configured. */
  provider: ResolvedProvider | null;
  tokenOrigin: string | null;
  /** Where the shipped entry had its token endpoint before; tokensets bound there stay good. */
  formerTokenOrigins: readonly string[];
  skewSeconds: number;
}

const DEFAULT_SKEW_SECONDS = 30;
const MOST_REMEMBERED = 1_000;

/** A connection as this context needs it. Most need nothing of an account and are resolved once. */
export class KnownConnection {
  private readonly remembered = new Map<string, AccountProvider>();

  constructor(
    readonly view: ConnectionView,
    private readonly catalogue: Catalogue,
  ) {}

  of(params: AccountParams, hasRefreshToken: boolean): AccountProvider {
    const key = `${hasRefreshToken} ${JSON.stringify(params)}`;
    const known = this.remembered.get(key);
    if (known) return known;
    const account = this.resolved(params, hasRefreshToken);
    if (this.remembered.size >= MOST_REMEMBERED) this.remembered.clear();
    this.remembered.set(key, account);
    return account;
  }

  /**
   * With what a flow brought; of that, what the entry expects from there. Undefined: it cannot be used so. Values of
   * other names are kept from being taken for params.
   */
  expecting(brought: {
    user: AccountParams;
    callback?: AccountParams;
  }): { params: AccountParams; provider: ResolvedProvider } | undefined {
    const { user, callback = {} } = brought;
    const all = this.of({ ...callback, ...user }, false).provider;
    if (!all) return undefined;
    const params = {
      ...fillingFrom(all, capturedOf(all, callback)),
      ...paramsFrom(all, 'user', user),
      ...paramsFrom(all, 'callback', callback),
    };
    const { provider } = this.of(params, false);
    return provider ? { params, provider } : undefined;
  }

  /** @throws ConnectionMisconfiguredError that says what is wrong */
  provider(params: AccountParams, hasRefreshToken = false): ResolvedProvider {
    return this.catalogue.resolve(this.view, params, { hasRefreshToken });
  }

  private resolved(params: AccountParams, hasRefreshToken: boolean): AccountProvider {
    try {
      const provider = this.provider(params, hasRefreshToken);
      const { tokenOrigin, skewSeconds } = provider;
      return { provider, tokenOrigin, formerTokenOrigins: formerOrigins(this.catalogue, provider), skewSeconds };
    } catch (error) {
      if (!(error instanceof ConnectionMisconfiguredError)) throw error;
      const { tokenOrigin } = this.view;
      return { provider: null, tokenOrigin, formerTokenOrigins: [], skewSeconds: DEFAULT_SKEW_SECONDS };
    }
  }
}

/** What the entry takes from a callback beside params: it fills what is asked later, who the account is for one. */
const capturedOf = ({ entry }: ResolvedProvider, callback: AccountParams): AccountParams =>
  Object.fromEntries(Object.entries(callback).filter(([name]) => entry.authorization.callback.capture.includes(name)));

/** Where a tokenset of this origin may be used: its own, or one that it has moved to by the word of the catalogue. */
export const isBoundTo = (origin: string, { tokenOrigin, formerTokenOrigins }: AccountProvider): boolean =>
  origin === tokenOrigin || formerTokenOrigins.includes(origin);

/** By the catalogue alone, and only while the token endpoint is the catalogue's too. */
const formerOrigins = (catalogue: Catalogue, provider: ResolvedProvider): readonly string[] =>
  (shippedUrl(catalogue, provider, 'refresh') ?? shippedUrl(catalogue, provider, 'token'))?.origin ===
  provider.tokenOrigin
    ? (catalogue.providers.get(provider.providerId)?.entry.endpoints.formerTokenOrigins ?? [])
    : [];
