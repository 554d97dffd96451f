import type { Arrival, Browser } from './browser.js';
import type { Answer, Json } from './http.js';
import type { Installation } from './installation.js';
import { passOwnPages } from './login.js';
import type { Page } from './page.js';
import type { Client, Person } from './set-up.js';
import { challengeOf, newVerifier } from './unique.js';

export const APP_STATE = 'c3RhdGU+with/odd==';

export interface ConnectWish {
  client: Client;
  connection: { name: string };
  person: Person;
  /** Access token for the My Account API. */
  token: string;
  /** How the app calls the My Account API, where it does more than to show the token. */
  post?: (path: string, body: Json) => Promise<Answer>;
  /** Over the usual members of the request. */
  request?: Json;
}

/** One connect flow, step by step as an app and a browser go through it. */
export class ConnectFlow {
  readonly verifier = newVerifier();
  authSession = '';
  link = '';
  connectCode = '';

  constructor(
    private readonly installation: Installation,
    readonly wish: ConnectWish,
  ) {}

  /** The app asks for a link. */
  async begin(): Promise<Answer> {
    const answer = await this.post('/connect', {
      connection: this.wish.connection.name,
      redirect_uri: this.wish.client.callback,
      state: APP_STATE,
      code_challenge: challengeOf(this.verifier),
      code_challenge_method: 'S256',
      ...this.wish.request,
    });
    this.authSession = String(answer.json['auth_session']);
    const { ticket } = (answer.json['connect_params'] ?? {}) as { ticket?: string };
    this.link = `${String(answer.json['connect_uri'])}?ticket=${encodeURIComponent(ticket ?? '')}`;
    return answer;
  }

  /** A browser opens the link; whoever it is signs in if asked to. Ends on the consent page if all is well. */
  async open(as: Person = this.wish.person, browser: Browser = as.browser): Promise<Arrival> {
    return passOwnPages(browser, await browser.visit(this.link), as);
  }

  /** From the consent page to the provider's own page. */
  async accept(consent: Page, browser: Browser = this.wish.person.browser): Promise<Arrival> {
    return browser.submit(consent, { action: 'accept' });
  }

  /** The provider's page is answered; ends at the app's address if all is well. */
  async approve(
    atProvider: Page,
    as: { person?: string; action?: 'accept' | 'deny' } = {},
    browser: Browser = this.wish.person.browser,
  ): Promise<Arrival> {
    const { person, action = 'accept' } = as;
    const arrival = await browser.submit(atProvider, { ...(person ? { person } : {}), action });
    this.connectCode = arrival.url.searchParams.get('connect_code') ?? '';
    return arrival;
  }

  /** All of the browser's part. */
  async throughBrowser(providerPerson?: string): Promise<Arrival> {
    const consent = await this.open();
    if (!consent.page?.hasButton('accept')) throw new Error(`No consent page: ${consent.page?.words ?? 'left'}`);
    const atProvider = await this.accept(consent.page);
    // A provider that answers by itself shows no page.
    if (!atProvider.page) {
      this.connectCode = atProvider.url.searchParams.get('connect_code') ?? '';
      return atProvider;
    }
    return this.approve(atProvider.page, providerPerson ? { person: providerPerson } : {});
  }

  complete(changes: Json = {}, token = this.wish.token): Promise<Answer> {
    const body = {
      auth_session: this.authSession,
      connect_code: this.connectCode,
      redirect_uri: this.wish.client.callback,
      code_verifier: this.verifier,
      ...changes,
    };
    return this.post('/complete', body, token);
  }

  private post(path: string, body: Json, token = this.wish.token): Promise<Answer> {
    return this.wish.post?.(path, body) ?? this.installation.me(token, 'POST', path, body);
  }
}

export interface ConnectedAccount {
  id: string;
  scopes: string[];
}

/** The whole flow, through the real pages: asks, opens, consents, approves, completes. */
export async function connect(
  installation: Installation,
  wish: ConnectWish,
  providerPerson?: string,
): Promise<ConnectedAccount> {
  const flow = new ConnectFlow(installation, wish);
  const begun = await flow.begin();
  if (begun.status !== 201) throw new Error(`connect answered ${begun.status}: ${begun.text}`);
  const end = await flow.throughBrowser(providerPerson);
  if (end.page) throw new Error(`The browser ended at ${end.url.href}: ${end.page.words}`);
  const done = await flow.complete();
  if (done.status !== 201) throw new Error(`complete answered ${done.status}: ${done.text}`);
  return { id: String(done.json['id']), scopes: done.json['scopes'] as string[] };
}
