/** How HTTP (RFC 9110 §5.6.7, its two old forms too) and ISO 8601 write an instant. */
const HTTP = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? .*\d{2}:\d{2}:\d{2}/i;
const ISO = /^\d{4}-\d{2}-\d{2}(?:[t ]|$)/i;
const HAS_ZONE = /(?:z|gmt|utc|[+-]\d{2}:?\d{2})$/i;

/** Milliseconds since 1970; NaN for every other text: left alone, `Date.parse` makes the year 2000 of a zero. */
export function millisecondsOf(text: string): number {
  const trimmed = text.trim();
  if (ISO.test(trimmed)) return Date.parse(HAS_ZONE.test(trimmed) || trimmed.length <= 10 ? trimmed : `${trimmed}Z`);
  return HTTP.test(trimmed) ? Date.parse(HAS_ZONE.test(trimmed) ? trimmed : `${trimmed} GMT`) : NaN;
}
