/** One line of a verification. Made of our own words and the connection's settings: never of what a provider wrote. */
export interface Check {
  name: CheckName;
  ok: boolean;
  detail: string;
  /** What to do about it. */
  remedy: string | null;
}

export type CheckName =
  | 'configuration'
  | 'urls'
  | 'hosts'
  | 'tls'
  | 'discovery'
  | 'issuer'
  | 'keys'
  | 'token_endpoint'
  | 'client_authentication'
  | 'identity_scopes'
  | 'redirect_uris';

export const good = (name: CheckName, detail: string): Check => ({ name, ok: true, detail, remedy: null });

export const bad = (name: CheckName, detail: string, remedy: string): Check => ({ name, ok: false, detail, remedy });

/** An address as it may be shown: queries can hold keys. */
export const shown = (url: string): string => {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
};
