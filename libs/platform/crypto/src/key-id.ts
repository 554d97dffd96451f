const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The 16 bytes a key id takes in a header. */
export function keyIdBytes(id: string): Buffer {
  if (!UUID.test(id)) throw new Error('a key id is a UUID in lower case');
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

export const keyIdText = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
