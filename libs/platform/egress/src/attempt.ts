import type { Socket } from 'node:net';
import { errors } from 'undici';
import { MAX_WIRE_BYTES } from './answer-limits.js';
import { EgressFailedError, type EgressFailure, EgressRefusedError } from './egress.errors.js';

/** One request on its way: how long it may take, and whether any of it can have left. */
export class Attempt {
  private isConnected = false;
  private readonly abort = new AbortController();
  private reason: EgressFailure = 'aborted';
  private readonly timer: NodeJS.Timeout;
  private readonly ended = new AbortController();

  constructor(timeoutMs: number, signals: (AbortSignal | undefined)[]) {
    this.timer = setTimeout(() => this.stop('timeout'), timeoutMs);
    for (const signal of signals) {
      if (signal?.aborted) this.stop('aborted');
      signal?.addEventListener('abort', () => this.stop('aborted'), { signal: this.ended.signal });
    }
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /**
   * From here on bytes of the request may leave. What frames an answer has no other limit than this one: early hints,
   * trailers, extensions of chunks, a status line without end.
   */
  connected(socket: Socket): void {
    this.isConnected = true;
    socket.on('readable', () => {
      if (socket.bytesRead > MAX_WIRE_BYTES) this.stop('too_large');
    });
  }

  end(): void {
    clearTimeout(this.timer);
    this.ended.abort();
  }

  /** The error as callers may see it. */
  failure(error: unknown): Error {
    if (error instanceof EgressRefusedError) return error;
    const sent = this.isConnected ? 'maybe' : 'no';
    if (this.signal.aborted) return new EgressFailedError(this.reason, sent);
    if (error instanceof EgressFailedError) return error;
    const code = (error as NodeJS.ErrnoException).code ?? null;
    return new EgressFailedError(reasonOf(error), sent, code);
  }

  private stop(reason: EgressFailure): void {
    if (this.signal.aborted) return;
    this.reason = reason;
    this.abort.abort();
  }
}

function reasonOf(error: unknown): EgressFailure {
  if (error instanceof errors.InvalidArgumentError) return 'invalid_request';
  if (error instanceof errors.HeadersOverflowError) return 'too_large';
  if (error instanceof errors.HTTPParserError) return 'invalid_answer';
  return 'connection_lost';
}
