import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';
import { EgressFailedError } from './egress.errors.js';

const MAX_BODY_BYTES = 1024 * 1024;
export const MAX_HEADER_BYTES = 16 * 1024;
/** Everything that comes over a connection: room for a body in chunks of a byte each. */
export const MAX_WIRE_BYTES = 8 * MAX_BODY_BYTES;
const MAX_JSON_DEPTH = 32;

export async function readLimited(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new EgressFailedError('too_large', 'maybe');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const DECODERS: Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  identity: (body) => Promise.resolve(body),
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
};

/** Stops at the limit, however small the compressed body was. */
export async function decoded(body: Buffer, encoding: string): Promise<Buffer> {
  const decode = DECODERS[encoding.trim().toLowerCase() || 'identity'];
  if (!decode) throw new EgressFailedError('invalid_answer', 'maybe', 'content-encoding');
  if (body.length === 0) return body;
  try {
    return await decode(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new EgressFailedError(
      code === 'ERR_BUFFER_TOO_LARGE' ? 'too_large' : 'invalid_answer',
      'maybe',
      code ?? null,
    );
  }
}

/**
 * What looks like JSON must not nest so deep that walking it becomes a danger. Reads each byte once. Bytes beyond
 * ASCII before the first bracket count as space: a byte order mark is one, and some readers trim others too.
 */
export function refuseDeepJson(body: Buffer): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (OPENING.includes(byte)) depth++;
    else if (CLOSING.includes(byte)) depth--;
    else if (depth === 0 && !SPACE.includes(byte) && byte! < 0x80) return; // not an object or array: HTML, a form, a number
    if (depth > MAX_JSON_DEPTH) throw new EgressFailedError('too_deep', 'maybe');
  }
}

const bytes = (text: string): (number | undefined)[] => [...Buffer.from(text)];
const [BACKSLASH, QUOTE] = bytes('\\"');
const OPENING = bytes('[{');
const CLOSING = bytes(']}');
const SPACE = bytes(' \t\r\n');
