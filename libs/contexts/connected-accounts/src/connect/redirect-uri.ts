/** An address the app may be given an answer at: absolute, no fragment, no control characters, well formed. */
export const isUsableRedirectUri = (uri: string): boolean =>
  /^[a-z][a-z0-9+.-]*:[^\s#\\]+$/i.test(uri) && !/\p{Cc}/u.test(uri) && URL.canParse(uri);

const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::(\d{1,5}))?(?=[/?]|$)/;

const withoutLoopbackPort = (uri: string): string | null => {
  const found = LOOPBACK.exec(uri);
  return found && Number(found[2] ?? 80) <= 65_535 ? found[1] + uri.slice(found[0].length) : null;
};

/**
 * String comparison, nothing else (RFC 9700 §4.1.3): parsing would make two spellings of one address equal for us and
 * different for the browser. Native apps choose the port of a loopback address when they start (RFC 8252 §7.3).
 */
export function isCallback(uri: string, client: { callbacks: readonly string[]; appType: string | null }): boolean {
  if (client.callbacks.includes(uri)) return true;
  if (client.appType !== 'native') return false;
  const portless = withoutLoopbackPort(uri);
  return portless !== null && client.callbacks.some((callback) => withoutLoopbackPort(callback) === portless);
}

/** `uri` with `params` behind whatever query it has. The rest of it stays as it was registered. */
export function withParams(uri: string, params: Record<string, string>): string {
  const query = Object.entries(params)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const joint = !uri.includes('?') ? '?' : /[?&]$/.test(uri) ? '' : '&';
  return uri + joint + query;
}
