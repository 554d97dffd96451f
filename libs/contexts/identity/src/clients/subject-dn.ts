/** A distinguished name as a list of `CN=…`, in the order of the certificate or against it. */
type Parts = readonly string[];

/**
 * Whether two distinguished names are the same: as OpenSSL lists them, line by line, or as RFC 4514 writes them, with
 * commas and from the other end.
 */
export function sameSubject(one: string, other: string): boolean {
  const [left, right] = [parts(one), parts(other)];
  return equal(left, right) || equal(left, [...right].reverse());
}

/** Null: it is no distinguished name. */
export const subjectParts = (name: string): Parts | null => {
  const found = parts(name);
  return found.length > 0 && found.every((part) => /^[\w.]+=./s.test(part)) ? found : null;
};

const equal = (left: Parts, right: Parts): boolean =>
  left.length === right.length && left.every((part, at) => part === right[at]);

/** Without escapes; the type in upper case, the value as it is. */
const parts = (name: string): Parts =>
  split(name)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=');
      const value = part.slice(at + 1).trim();
      return `${part.slice(0, Math.max(0, at)).trim().toUpperCase()}=${value.replaceAll(/\\([0-9a-fA-F]{2}|.)/gs, unescaped)}`;
    });

const split = (name: string): string[] =>
  name.includes('\n') ? name.split('\n') : (name.match(/(?:\\.|[^,\\])+/gs) ?? []);

const unescaped = (_: string, what: string): string =>
  what.length === 2 ? String.fromCharCode(Number.parseInt(what, 16)) : what;
