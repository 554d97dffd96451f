import { jest } from '@jest/globals';
import { whereThereIs } from '@strongroom/testing';
import type { Browser, Page } from 'playwright-core';
import { createPerson, enable, eventually, Installation, myAccountToken, type Person, Scene } from './driver/index.js';
import { axeProblems } from './setup/axe.js';
import { CHROMIUM_TEST_MS, chromiumPath, startChromium, STEP_MS } from './setup/chromium.js';
import { MARKUP, markupTaken } from './setup/markup.js';
import { openPage, signInOn } from './setup/sign-in-page.js';

jest.setTimeout(CHROMIUM_TEST_MS);
const executablePath = chromiumPath();
/** Everything in which a page may keep something, as a script of the page sees it. */
const STORES = `(async () => ({
  local: Object.entries(localStorage), session: Object.entries(sessionStorage),
  databases: await indexedDB.databases(), caches: await caches.keys(),
  cookies: document.cookie, search: location.search, hash: location.hash, state: JSON.stringify(history.state),
}))()`;
const HEADERS = {
  'content-security-policy':
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

describe('the files of the dashboard', () => {
  const installation = Installation.fromEnvironment();
  afterAll(() => installation.close());
  const get = (path: string, method = 'GET') => installation.http.send(installation.url + path, { method });

  it('AD-16 W1 answer below /dashboard and /account at any depth, with the headers that keep others out', async () => {
    const index = await get('/dashboard');
    expect(index.text).not.toMatch(/<style|style=|<script(?![^>]* src=)|\son\w+=/);
    for (const path of ['/', '/account', '/account/', '/account/connect/a%2Fb', '/dashboard/clients/x?y=z']) {
      const answer = await get(path);
      expect([path, answer.status, answer.text]).toEqual([path, 200, index.text]);
      expect(answer.headers).toMatchObject({ ...HEADERS, 'cache-control': 'no-store' });
    }
    const [script] = /\/dashboard\/assets\/[\w-]+\.js/.exec(index.text)!;
    const asset = await get(script);
    expect(asset.headers).toMatchObject({
      ...{ ...HEADERS, 'cache-control': expect.stringContaining('immutable') },
      'content-type': 'text/javascript; charset=utf-8',
    });
    for (const path of [`${script}x`, '/dashboard/assets/', '/accounts', '/dashboards'])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    for (const path of ['/dashboard', '/account/x']) expect((await get(path, 'POST')).status).toBe(404);
  });
});

whereThereIs(executablePath, 'Chromium in PATH', 'the dashboard, in Chromium', () => {
  const installation = Installation.fromEnvironment();
  let chromium: Browser;
  let scene: Scene;

  beforeAll(async () => {
    [chromium, scene] = await Promise.all([
      startChromium(executablePath!),
      Scene.create(installation, { client: { name: MARKUP } }),
    ]);
    const ours = { id: 'strongroom-dashboard', secret: '', callback: '' };
    await enable(installation, scene.connection.id, [ours]);
  });
  afterAll(async () => {
    await chromium?.close();
    await installation.close();
  });

  const open = (path: string) => openPage(chromium, installation.url + path);
  async function signIn(page: Page, person: Person): Promise<void> {
    await signInOn(page, person);
    await page.waitForSelector('nav');
  }
  const heading = (page: Page, title: string) => page.getByRole('heading', { name: title, exact: true }).waitFor();

  it('AD-16 W1 keeps no token where anything but the page itself could find it, and asks anew after a reload', async () => {
    const administrator = await createPerson(installation);
    await installation.manage('PATCH', `/users/${encodeURIComponent(administrator.userId)}`, { administrator: true });
    const { context, page } = await open('/account/receipts?application=x');
    const given: string[] = [];
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    // Read on its way to the page: a browser has no body any more once the page was left.
    await context.route('**/oauth/token', async (route) => {
      const response = await route.fetch({ timeout: STEP_MS });
      const answer = (await response.json()) as Record<string, string>;
      given.push(...['access_token', 'refresh_token', 'id_token'].flatMap((name) => answer[name] ?? []));
      await route.fulfill({ response });
    });
    await signIn(page, administrator);
    await heading(page, 'Receipts');
    expect(new URL(page.url()).search).toBe('?application=x');
    await page.reload();
    await heading(page, 'Receipts');
    await page.goto(`${installation.url}/dashboard`);
    await page.waitForSelector('nav[aria-label=Administration]');
    // Three for the account, three after the reload, two for the dashboard, which gets nothing to refresh by.
    expect(given).toHaveLength(8);
    await context.unrouteAll({ behavior: 'wait' });
    const kept = JSON.stringify([await page.evaluate(STORES), await context.storageState({ indexedDB: true }), asked]);
    expect(given.some((token) => kept.includes(token))).toBe(false);
    expect(await page.evaluate(STORES)).toMatchObject({
      ...{ local: [], session: [], databases: [], caches: [] },
      ...{ cookies: '', search: '', hash: '' },
    });
    for (const { name, httpOnly } of await context.cookies())
      expect([name, httpOnly]).toEqual([
        expect.stringMatching(/^(?:__(?:Host|Secure)-)?strongroom_(?:session|step)/),
        true,
      ]);
    // A code that was not asked for here, which would have a person work in somebody else's account.
    for (const brought of ['code', 'connect_code']) {
      await page.goto(`${installation.url}/account/callback?${brought}=foreign&state=foreign`);
      await page.waitForSelector('text=It was ignored');
      expect(page.url()).toBe(`${installation.url}/account`);
    }
    // The refresh token of another tab would outlive the session.
    const other = await context.newPage();
    await other.goto(`${installation.url}/account/sessions`);
    await heading(other, 'Sessions');
    // So would one that is on its way to it meanwhile.
    let deliver!: () => void;
    const late = new Promise<void>((done) => (deliver = done));
    const held = new Promise<void>(
      (done) =>
        void other.route('**/oauth/token', async (route) => {
          const response = await route.fetch({ timeout: STEP_MS });
          done();
          await late;
          await route.fulfill({ response });
        }),
    );
    await other.reload();
    await held;
    await page.click('text=Sign out');
    for (const tab of [page, other]) await heading(tab, 'You are not signed in');
    deliver();
    await other.unrouteAll({ behavior: 'wait' });
    await other.evaluate('new Promise((drawn) => setTimeout(() => requestAnimationFrame(drawn)))');
    await heading(other, 'You are not signed in');
    await context.close();
  });

  it('W2 a person connects, names, pauses and disconnects an account, which nobody else sees', async () => {
    const { connection, provider } = scene;
    const { context, page } = await open(`/account/connect/${connection.name}`);
    const taken = markupTaken(context);
    const problems: string[] = [];
    const look = async () => void problems.push(...(await axeProblems(page)));
    await signIn(page, scene.person);
    await heading(page, `Connect an account at ${connection.name}`);
    await look();
    await page.click('text=Continue');
    await page.click('button[value=accept]');
    await page.waitForURL(`${provider.url}/**`);
    await page.click('button[value=accept]');
    await page.waitForSelector('text=The account is connected.');
    expect(new URL(page.url()).search).toBe('');

    await page.waitForSelector('h1:focus');
    await page.click('text=Rename');
    await page.waitForSelector('dialog');
    await page.keyboard.press('Escape');
    await page.locator('button:focus', { hasText: 'Rename' }).waitFor();
    await page.keyboard.press('Enter');
    await page.fill('[name=label]', MARKUP);
    await look();
    await page.click('text=Save');
    await heading(page, MARKUP);
    expect((await scene.exchange()).status).toBe(200);
    const token = await myAccountToken(installation, scene.client, scene.tokens.refreshToken, 'read:me:receipts');
    const receipts = `${installation.url}/me/v1/receipts?client_id=${scene.client.id}`;
    const told = await eventually(
      () => installation.http.send(receipts, { headers: { authorization: `Bearer ${token}` } }),
      ({ text }) => text.includes('exchanged'),
    );
    expect(told.text).toContain('exchanged');
    await page.reload();
    await page.click('button:text-is("Pause")');
    expect(await page.textContent('tbody')).toContain(MARKUP);
    await page.waitForSelector('button:text-is("Resume")');
    const refused = await scene.exchange();
    expect([refused.status, refused.json['error_details']]).toMatchObject([403, { reason: 'paused_by_person' }]);
    await look();
    await page.click('button:text-is("Resume")');
    await page.waitForSelector('button:text-is("Pause")');
    expect((await scene.exchange()).status).toBe(200);

    const { id } = (await scene.accounts())[0]!;
    const other = await open(`/account/accounts/${String(id)}`);
    await signIn(other.page, await createPerson(installation));
    await heading(other.page, 'No such account');
    await other.page.click('nav >> text=Receipts');
    await heading(other.page, 'Receipts');
    await other.page.waitForSelector('tbody, .empty');
    expect(await other.page.textContent('main')).not.toContain(connection.name);
    await other.context.close();

    await page.click('nav >> text=Receipts');
    await heading(page, 'Receipts');
    await page.waitForSelector('tbody');
    await look();
    await page.click('nav >> text=Sessions');
    await page.waitForSelector('text=This one');
    await look();
    await page.click('nav >> text=Accounts');
    await page.getByRole('link', { name: MARKUP, exact: true }).click();
    await page.click('text=Disconnect');
    await page.waitForSelector('dialog >> text=erased at once');
    await look();
    await page.click('dialog >> button:text-is("Disconnect")');
    await page.waitForSelector('text=You have not connected any account yet');
    await look();
    const gone = await scene.exchange();
    const { connect } = gone.json['error_details'] as { connect: { page: string } };
    expect(connect.page).toBe(`${installation.url}/account/connect/${connection.name}`);
    expect([problems, taken]).toEqual([[], []]);
    await context.close();
  });
});
