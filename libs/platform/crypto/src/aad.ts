/**
 * What a sealed value is bound to: a list of strings, each behind its length in bytes (u32, big endian), so that no
 * two lists encode alike. The version of this encoding is always the first part.
 */
export function aad(parts: readonly (string | number)[]): Buffer {
  const encoded: Buffer[] = [];
  for (const part of ['strongroom/aad/1', ...parts]) {
    const bytes = Buffer.from(String(part), 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    encoded.push(length, bytes);
  }
  return Buffer.concat(encoded);
}
