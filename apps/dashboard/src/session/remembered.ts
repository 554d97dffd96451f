import type { Area } from './area.js';

/** What must outlive a redirect: nothing by which anybody is let in without the code that comes back. */
export interface Remembered {
  purpose: 'sign-in' | 'connect';
  area: Area;
  state: string;
  verifier: string;
  /** Where the person was, within this page. */
  returnTo: string;
  /** Of a connect that has begun. */
  authSession?: string;
}

const KEY = 'strongroom.redirect';

export function remember(redirect: Remembered): void {
  sessionStorage.setItem(KEY, JSON.stringify(redirect));
}

/** Once: it is gone afterwards, whatever comes of it. */
export function takeRemembered(): Remembered | null {
  const kept = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return kept === null ? null : (JSON.parse(kept) as Remembered);
}
