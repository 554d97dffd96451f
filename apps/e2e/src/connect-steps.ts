import type { Arrival, ConnectFlow, Page, Scene } from './driver/index.js';

const browserOf = ({ wish }: ConnectFlow) => wish.person.browser;

/** Begins, and goes as far as the page that asks. */
export async function consentOf(flow: ConnectFlow): Promise<Page> {
  const begun = await flow.begin();
  if (begun.status !== 201) throw new Error(`connect answered ${begun.status}: ${begun.text}`);
  const { page } = await flow.open();
  if (!page?.hasButton('accept')) throw new Error(`No consent page: ${page?.words ?? 'left'}`);
  return page;
}

/** One press of a button of the page; where it leads is not followed. */
export const press = (flow: ConnectFlow, page: Page, action: string, headers?: Record<string, string>) =>
  browserOf(flow).request(
    new URL(page.action),
    'POST',
    new URLSearchParams(page.filled({ action })).toString(),
    headers,
  );

/** Where a browser is sent that agrees: the provider's own page. */
export const providerUrlOf = async (flow: ConnectFlow, page: Page): Promise<URL> =>
  new URL((await press(flow, page, 'accept')).headers['location']!);

/** What a provider that says yes by itself sends the browser to; nobody has followed it yet. */
export async function heldBack(flow: ConnectFlow): Promise<URL> {
  const atProvider = await providerUrlOf(flow, await consentOf(flow));
  return new URL((await browserOf(flow).request(atProvider, 'GET')).headers['location']!);
}

/** The same address with these members in place of those it has; null takes one away. */
export function changed(url: URL, members: Record<string, string | null>): string {
  const copy = new URL(url);
  for (const [name, value] of Object.entries(members))
    if (value === null) copy.searchParams.delete(name);
    else copy.searchParams.set(name, value);
  return copy.href;
}

/** The browser comes back to the app, and what it brings is what `complete` will be asked with. */
export async function comeBack(flow: ConnectFlow, callback: URL | string): Promise<Arrival> {
  const arrival = await browserOf(flow).visit(String(callback));
  flow.connectCode = arrival.url.searchParams.get('connect_code') ?? '';
  return arrival;
}

/** A page of ours that leads nowhere. */
export function expectRefused({ page }: Arrival, says: RegExp): void {
  expect(page!.status).toBeGreaterThanOrEqual(400);
  expect(page!.words).toMatch(says);
  expect(page!.words).toMatch(/nothing was connected/i);
  expect(page!.hasButton('accept')).toBe(false);
}

/** No account, no request for tokens, nothing to exchange. */
export async function expectNothing(scene: Scene): Promise<void> {
  expect(await scene.accounts()).toEqual([]);
  expect((await scene.provider.state()).tokenRequests.authorization_code).toBe(0);
  expect((await scene.exchange()).status).toBe(401);
}
