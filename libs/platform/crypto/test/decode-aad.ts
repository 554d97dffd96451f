/** The parts again. That it exists is why no two lists can encode alike. */
export function decodeAad(encoded: Buffer): string[] {
  const parts: string[] = [];
  for (let at = 0; at < encoded.length;) {
    const end = at + 4 + encoded.readUInt32BE(at);
    if (end > encoded.length) throw new Error('a part is longer than what is left');
    parts.push(encoded.toString('utf8', at + 4, end));
    at = end;
  }
  return parts;
}
