/**
 * Who is signed in to this page, and the tokens for the two APIs, in memory alone. Knows the authorization server; does
 * not know what the tokens are good for.
 */
export { type Area } from './area.js';
export { type Arrival, takeArrival } from './arrival.js';
export { newProof, type Who } from './authorization.js';
export { remember, type Remembered } from './remembered.js';
export { sessions } from './session.js';
export { SignedIn, useWho } from './signed-in.js';
