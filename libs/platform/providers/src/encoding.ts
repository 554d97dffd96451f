/** Percent-encodes everything but unreserved characters (RFC 3986 §2.3), a space as `%20`. */
export const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** In the order given: some providers and every recorded request care. */
export const formEncode = (members: readonly (readonly [string, string])[]): string =>
  members.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');

/** Keeps the query an endpoint already has. */
export function withQuery(url: string, members: readonly (readonly [string, string])[]): string {
  const hash = url.indexOf('#');
  const bare = hash < 0 ? url : url.slice(0, hash);
  return members.length === 0 ? bare : `${bare}${bare.includes('?') ? '&' : '?'}${formEncode(members)}`;
}
