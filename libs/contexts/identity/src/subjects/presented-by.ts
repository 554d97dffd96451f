import type { PresentedClient } from '../door/client-authentication.js';

/** Who brings a subject token, and how. */
export interface PresentedBy {
  client: PresentedClient;
  grantType: string;
  /** The proof of possession that came along. */
  dpop: string | null;
  /** Where the proof was sent, if that is not the token endpoint. */
  path?: string | undefined;
}
