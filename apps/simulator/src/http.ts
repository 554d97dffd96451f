import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Request {
  method: string;
  /** Without query. */
  path: string;
  query: URLSearchParams;
  /** The query as it was written, without the question mark. */
  search: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
  transport?: Transport;
}

/** What happens to an answer on its way. */
export interface Transport {
  hangs?: boolean;
  truncateAt?: number;
  fillMiB?: number;
  dripMs?: number;
}

/** The connection is cut in place of an answer. */
export const CUT = Symbol('cut');

const NO_STORE = { 'cache-control': 'no-store' };

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...NO_STORE, ...headers },
  body: JSON.stringify(value),
});

export const htmlPage = (status: number, body: string): Answer => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8', ...NO_STORE },
  body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Provider simulator</title></head><body>${body}</body></html>`,
});

export const redirect = (location: string): Answer => ({ status: 303, headers: { location, ...NO_STORE }, body: '' });

const MAX_BODY = 256 * 1024;

export async function readRequest(raw: IncomingMessage, origin: string): Promise<Request> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of raw as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error('The request is too large.');
    chunks.push(chunk);
  }
  const url = new URL(raw.url ?? '/', origin);
  return {
    method: raw.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    search: url.search.slice(1),
    headers: raw.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

const MIB = 1024 * 1024;
const DRIP_BYTES = 16;

export async function send(response: ServerResponse, answer: Answer | typeof CUT): Promise<void> {
  if (answer === CUT) {
    response.destroy();
    return;
  }
  const { hangs, truncateAt, fillMiB = 0, dripMs } = answer.transport ?? {};
  if (hangs) return;
  const body = Buffer.from(answer.body).subarray(0, truncateAt);
  response.writeHead(answer.status, answer.headers);
  if (dripMs !== undefined)
    for (let at = 0; at < body.length && !response.destroyed; at += DRIP_BYTES) {
      response.write(body.subarray(at, at + DRIP_BYTES));
      await sleep(dripMs);
    }
  else if (fillMiB > 0) {
    response.write(body);
    for (let mib = 0; mib < fillMiB && !response.destroyed; mib++) await written(response, Buffer.alloc(MIB, ' '));
  }
  response.end(dripMs === undefined && fillMiB === 0 ? body : undefined);
}

/** Whoever reads no further closes: then it is over too. */
const written = (response: ServerResponse, piece: Buffer) =>
  new Promise<void>((done) => {
    response.once('close', done);
    response.write(piece, () => done());
  });

export const escaped = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c] as string,
  );
