import type { OwnApi } from '@strongroom/contracts';

/** Which of our own APIs an address belongs to; null: pages, and the endpoints of the authorization server. */
export function apiAt(url: string): OwnApi | null {
  const path = asRouted(url);
  if (/^\/api\/v2(?:[/?]|$)/.test(path)) return 'management';
  return /^\/me(?:[/?]|$)/.test(path) ? 'my-account' : null;
}

/** The router decodes before it compares: `/%6de` is `/me`. */
const asRouted = (url: string): string =>
  url.includes('%')
    ? url.replace(/%(?:2[de]|3\d|[46][1-9a-f]|[57][0-9a]|5f|7e)/gi, (code) =>
        String.fromCharCode(parseInt(code.slice(1), 16)),
      )
    : url;

const PAGES = /^\/(?:u|authorize|connect|connected-accounts|login|oidc\/logout|v2\/logout)(?:[/?]|$)/;

/** Whether a person in a browser sees what is answered there. */
export const isPageAt = (url: string): boolean => PAGES.test(asRouted(url));

/**
 * The path of an address and its query, without the host that it may have in it. What is no path (`*`) becomes one that
 * no route has: the router takes its first character for the slash. It also takes `#` for the beginning of a query, which
 * nobody else does: no such thing is ever sent, so it is a character like any other.
 */
export function addressedAt(url: string): string {
  const path = url.replace(/^https?:\/\/[^/?#]*/i, '') || '/';
  return (path.startsWith('/') ? path : `/${path}`).replaceAll('#', '%23');
}
