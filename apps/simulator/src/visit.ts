import type { Asked } from './dialect.js';

/** One visit of a browser to the authorization endpoint. */
export interface Visit extends Asked {
  /** Where the form goes back to. */
  path: string;
  /** The request was pushed before. */
  isPushed: boolean;
}
