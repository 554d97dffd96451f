/** A dependency does not answer. The event waits for as long as it takes and is never parked. */
export class RetryableError extends Error {
  override readonly name: string = 'RetryableError';
}

/** An earlier event of the key waits for an operator: this one was parked behind it, and its work did not run. */
export class ParkedBehindError extends Error {
  override readonly name = 'ParkedBehindError';
}

/** The server is closing; the event will be delivered again. */
export class ServerClosingError extends Error {
  override readonly name = 'ServerClosingError';
}
