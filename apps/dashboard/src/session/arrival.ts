import { type Area, areaOf } from './area.js';
import { type Remembered, takeRemembered } from './remembered.js';

/** What a redirect back to this page brought. */
export type Arrival =
  | { kind: 'none' }
  | { kind: 'signed-out' }
  /** Nobody here asked for it: another tab did, or somebody who wants a person in an account that is not theirs. */
  | { kind: 'stray'; area: Area }
  | { kind: 'sign-in' | 'connect'; parameters: URLSearchParams; remembered: Remembered };

/**
 * Reads the address once, before anything is drawn, and cleans it at once: a code must not stay in the history, nor
 * reach what a page tells others.
 */
export function takeArrival(location: Location, history: History): Arrival {
  const parameters = new URLSearchParams(location.search);
  const area = areaOf(location.pathname);
  if (parameters.get('state') === 'signed-out') {
    history.replaceState(null, '', location.pathname);
    return { kind: 'signed-out' };
  }
  const remembered = takeRemembered();
  if (!/^\/(?:account|dashboard)\/callback$/.test(location.pathname)) return { kind: 'none' };
  if (remembered === null || remembered.state !== parameters.get('state')) {
    history.replaceState(null, '', `/${area}`);
    return { kind: 'stray', area };
  }
  history.replaceState(null, '', remembered.returnTo);
  return { kind: remembered.purpose, parameters, remembered };
}
