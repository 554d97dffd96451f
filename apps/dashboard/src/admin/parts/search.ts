/** What means something in `q` of the API and stands in no name or address that somebody looks for by hand. */
const MEANT = /["()[\]{}~^?!:\\&*]/g;

/** `q` for whatever has each of the words somewhere in it. */
export const anyPartOf = (words: string): string =>
  words
    .split(/\s+/)
    .map((word) => word.replace(MEANT, ''))
    .filter((word) => word !== '')
    .map((word) => `*${word}*`)
    .join(' ');

/** `q` for one member that is exactly this; nothing where nothing is looked for. */
export const exactly = (member: string, value: string): string =>
  value.trim() === '' ? '' : `${member}:"${value.trim().replaceAll('"', '')}"`;
