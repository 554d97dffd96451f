import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { VaultError } from '@strongroom/errors';
import { type ErrorAnswer, errorAnswer, statusText } from './error-answer.js';
import { addressedAt } from './surfaces.js';
import { BeyondLimitError, headersTooLarge, urlTooLong } from './limits.js';

/** What Node says of bytes that it takes for no request. */
interface ParserError extends Error {
  code?: string;
  rawPacket?: unknown;
}

/** A request whose head came keeps its response here. */
type Answering = Socket & { _httpMessage?: { _headerSent?: boolean; req?: { url?: string } } | null };

/** Time for what is already on its way to be read; a connection that is cut at once takes the answer with it. */
const LINGER_MS = 500;

const answered = new WeakSet<Socket>();
const addresses = new WeakMap<Socket, string>();

/** TLS brings a head in records of 16 KiB: what is wrong may be in another than the address is. */
export const rememberAddresses = (server: Server): void =>
  void server.on('secureConnection', (socket: Socket) => {
    // Before the parser, which may complain of the very bytes.
    socket.prependListener('data', (bytes: Buffer) => {
      const path = pathIn(bytes);
      if (path !== undefined) addresses.set(socket, path);
    });
  });

/**
 * Answers what Node's own parser refuses, so that it too has the shape of its API, and says nothing of what was sent.
 * The connection ends: nobody knows where the next request would begin.
 */
export const answersUnparsedRequests =
  ({ isHttps }: { isHttps: boolean }) =>
  (error: ParserError, connection: Socket): void => {
    const socket = connection as Answering;
    if (answered.has(socket)) return;
    answered.add(socket);
    if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?._headerSent) {
      socket.destroy();
      return;
    }
    const path = socket._httpMessage?.req?.url ?? pathIn(error.rawPacket) ?? addresses.get(socket);
    socket.end(rawAnswer(errorAnswer(path?.split('?')[0] ?? '/', refusal(error, path)), isHttps));
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };

function refusal({ code }: ParserError, path: string | undefined): VaultError {
  if (code === 'HPE_HEADER_OVERFLOW')
    // An address so long that nothing else came with it.
    return path === undefined || path.length <= 8 * 1024 ? headersTooLarge() : urlTooLong();
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return new BeyondLimitError(413, 'the chunks have too long extensions');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new VaultError('the request did not come in time', { code: 'invalid_request', status: 408 });
  return unreadable();
}

const unreadable = (): VaultError =>
  new VaultError('the request is no HTTP that can be read', { code: 'invalid_request', status: 400 });

/** HTTP/1.1 wants a host (RFC 9112 §3.2); Node's own answer to a request without one has no body. */
export const hostlessRequest = ({ httpVersion, headers }: IncomingMessage): VaultError | undefined =>
  httpVersion === '1.1' && headers.host === undefined ? unreadable() : undefined;

/** Undefined: the bytes do not begin with a request line. */
const pathIn = (packet: unknown): string | undefined =>
  Buffer.isBuffer(packet)
    ? /^[A-Z]{3,20} (?:https?:\/\/[^/\s]*)?(\/[^\s]*)/i.exec(packet.toString('latin1', 0, 64 * 1024))?.[1]
    : undefined;

/** `Expect` of anything but `100-continue`: nothing here promises it, and Node says so without a body. */
export function answerUnmetExpectations(server: Server, { isHttps }: { isHttps: boolean }): void {
  server.on('checkExpectation', ({ url = '/' }: IncomingMessage, response: ServerResponse) => {
    const error = new VaultError('nothing of what is expected is promised', { code: 'invalid_request', status: 417 });
    const { status, headers, text } = closing(errorAnswer(addressedAt(url).split('?')[0]!, error), isHttps);
    response.writeHead(status, headers).end(text);
  });
}

/** A whole answer as bytes, for where there is no response to write to. */
function rawAnswer(answer: ErrorAnswer, isHttps: boolean): string {
  const { status, headers, text } = closing(answer, isHttps);
  const lines = Object.entries({ ...headers, date: new Date().toUTCString() }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `HTTP/1.1 ${status} ${statusText(status)}\r\n${lines.join('')}\r\n${text}`;
}

function closing({ status, headers, body }: ErrorAnswer, isHttps: boolean) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status,
    text,
    headers: {
      ...headers,
      'x-content-type-options': 'nosniff',
      ...(isHttps ? { 'strict-transport-security': 'max-age=31536000' } : {}),
      'content-length': String(Buffer.byteLength(text)),
      connection: 'close',
    },
  };
}
