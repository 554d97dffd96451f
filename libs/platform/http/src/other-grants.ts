import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Everything at `/oauth/token` that is not an exchange. `exchange` owns the route and hands on the bytes as they came;
 * the answer goes straight to the response. Standalone calls `identity`, separate services stream to its listener.
 */
export abstract class OtherGrants {
  abstract answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void>;
}
