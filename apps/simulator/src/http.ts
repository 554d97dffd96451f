import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Request {
  method: string;
  /** Without query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
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
    headers: raw.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

export function send(response: ServerResponse, answer: Answer | typeof CUT): void {
  if (answer === CUT) response.destroy();
  else response.writeHead(answer.status, answer.headers).end(answer.body);
}

/** A form whose every name is there once; null if it is no such form. */
export function formOf({ headers, body }: Request): URLSearchParams | null {
  if (headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return null;
  const form = new URLSearchParams(body);
  return new Set(form.keys()).size === [...form.keys()].length ? form : null;
}

export const escaped = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c] as string,
  );
