import { AuthorizationResponseError, ResponseBodyError } from 'oauth4webapi';
import type { Area } from './area.js';
import { authorizationRequest, redeem, refresh, type Tokens, type Who } from './authorization.js';
import { type Remembered, remember } from './remembered.js';
import { askSilently, NoAnswerError } from './silent.js';

export type SessionState =
  | { kind: 'starting' }
  | { kind: 'signed-in'; who: Who }
  /** Nobody is signed in, or not any more. */
  | { kind: 'signed-out' }
  /** Somebody is, and may not come here. */
  | { kind: 'refused' }
  | { kind: 'failed'; message: string };

/** Time that a token must still have when it is sent. */
const LEAST_LEFT_MS = 30_000;
/** The library's answers to a question that must not show a page. */
const NEEDS_A_PAGE = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required'];

/**
 * Who is signed in to one area, and the token for its API. Tokens stay in this object: not in the browser's storage,
 * not in a cookie, not in an address. After a reload they are asked for anew.
 */
export class Session {
  state: SessionState = { kind: 'starting' };
  private tokens: Tokens | null = null;
  private renewing: Promise<string | null> | null = null;
  private begun: Promise<void> | null = null;
  /** How often the person has signed out here: an answer that was on its way then is nobody's. */
  private signOuts = 0;
  private readonly listeners = new Set<() => void>();

  constructor(readonly area: Area) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** With what a sign-in brought, else by asking silently and then openly; once, however often it is called. */
  begin(arrived?: { parameters: URLSearchParams; remembered: Remembered }): Promise<void> {
    return (this.begun ??= arrived
      ? this.settle(() => redeem(this.area, arrived.parameters, arrived.remembered))
      : this.settle(() => askSilently(this.area), {
          nobody: () => this.signIn(location.pathname + location.search),
        }));
  }

  /** A token that is good for some time; null when the person has to sign in again, which the page then says. */
  async token(): Promise<string | null> {
    if (this.tokens && this.tokens.expiresAt - Date.now() > LEAST_LEFT_MS) return this.tokens.accessToken;
    return this.renew();
  }

  /** Another token, whatever the old one's time: for one that was refused. Those who ask at once get the same. */
  renew(): Promise<string | null> {
    return (this.renewing ??= this.renewed().finally(() => (this.renewing = null)));
  }

  /** Leaves the page for the sign-in, and comes back to where it was. */
  async signIn(returnTo: string, prompt?: 'login'): Promise<void> {
    const { url, state, verifier } = await authorizationRequest(this.area, prompt ? { prompt } : {});
    remember({ purpose: 'sign-in', area: this.area, state, verifier, returnTo });
    location.assign(url);
  }

  signOut(): void {
    const sid = this.state.kind === 'signed-in' ? this.state.who.sid : null;
    otherTabs.postMessage('signed out');
    this.forget();
    const query = new URLSearchParams({
      client_id: 'strongroom-dashboard',
      post_logout_redirect_uri: `${location.origin}/${this.area}`,
      state: 'signed-out',
      ...(sid === null ? {} : { logout_hint: sid }),
    });
    location.assign(`${location.origin}/oidc/logout?${query.toString()}`);
  }

  /** Nobody asks who is signed in: a person who has just signed out wants to see that. */
  stayOut(): void {
    this.forget();
    this.begun = Promise.resolve();
    this.change({ kind: 'signed-out' });
  }

  private forget(): void {
    this.tokens = null;
    this.signOuts += 1;
  }

  private async renewed(): Promise<string | null> {
    const refreshToken = this.tokens?.refreshToken;
    const { signOuts } = this;
    if (refreshToken) {
      try {
        const next = await refresh(refreshToken);
        if (signOuts !== this.signOuts) return null;
        this.tokens = { ...next, refreshToken: next.refreshToken ?? refreshToken };
        return this.tokens.accessToken;
      } catch (error) {
        // Ended here; the session in the browser may go on, and says so itself.
        if (!(error instanceof ResponseBodyError)) throw error;
      }
    }
    await this.settle(() => askSilently(this.area));
    return this.tokens?.accessToken ?? null;
  }

  private async settle(ask: () => Promise<Tokens>, { nobody }: { nobody?: () => Promise<void> } = {}): Promise<void> {
    const before = this.state.kind === 'signed-in' ? this.state.who : null;
    const { signOuts } = this;
    try {
      const tokens = await ask();
      if (signOuts !== this.signOuts) return;
      // Another person has signed in meanwhile, in another tab: what is on the page is not theirs.
      if (before && tokens.who && tokens.who.sub !== before.sub) return location.reload();
      this.tokens = tokens;
      if (tokens.who) this.change({ kind: 'signed-in', who: tokens.who });
    } catch (error) {
      if (signOuts !== this.signOuts) return;
      this.tokens = null;
      const state = stateAfter(error);
      if (state.kind === 'signed-out' && nobody) return nobody();
      this.change(state);
    }
  }

  private change(state: SessionState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

function stateAfter(error: unknown): SessionState {
  if (error instanceof NoAnswerError) return { kind: 'signed-out' };
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
    if (NEEDS_A_PAGE.includes(error.error)) return { kind: 'signed-out' };
    if (error.error === 'access_denied') return { kind: 'refused' };
  }
  return { kind: 'failed', message: saidBy(error) ?? 'It could not be finished. Wait a moment and try again.' };
}

/** In the server's own words; the library's are for developers. */
const saidBy = (error: unknown): string | undefined =>
  error instanceof AuthorizationResponseError || error instanceof ResponseBodyError
    ? error.error_description
    : undefined;

export const sessions: Readonly<Record<Area, Session>> = {
  account: new Session('account'),
  dashboard: new Session('dashboard'),
};

/** This page in other tabs: their refresh tokens outlive the session, and whoever signs out means all of them. */
const otherTabs = new BroadcastChannel('strongroom.signed-out');
otherTabs.addEventListener('message', () => Object.values(sessions).forEach((session) => session.stayOut()));
