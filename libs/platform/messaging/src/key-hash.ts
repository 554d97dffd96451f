/** Outbox parts of a context: rows of one key always lie in the same part, and one relay at a time reads a part. */
export const PARTS = 16;
/** Partitions of every topic of the in-process bus. Never changed: keys would move. */
export const PARTITIONS = 12;

/** FNV-1a over the UTF-8 bytes. Part and partition of every stored row rest on it, so it never changes. */
function keyHash(key: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

export const partOf = (key: string): number => keyHash(key) % PARTS;
export const partitionOf = (key: string): number => keyHash(key) % PARTITIONS;
