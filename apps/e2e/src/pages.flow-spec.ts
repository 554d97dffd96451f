import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { whereThereIs } from '@strongroom/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import {
  challengeOf,
  type Client,
  createClient,
  createPerson,
  Installation,
  newVerifier,
  type Person,
  Scene,
  unique,
} from './driver/index.js';
import { axeProblems } from './setup/axe.js';
import { CHROMIUM_TEST_MS, chromiumPath, openProfile, startChromium, STEP_MS } from './setup/chromium.js';
import { signInOn } from './setup/sign-in-page.js';

jest.setTimeout(CHROMIUM_TEST_MS);
const executablePath = chromiumPath();
const EMPTY = '<!doctype html><title>app</title><body></body>';

whereThereIs(executablePath, 'Chromium in PATH', 'the pages, in Chromium', () => {
  const installation = Installation.fromEnvironment();
  /** A page with nothing in it, whatever is asked for. */
  let app: string;
  const server = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(EMPTY));
  let chromium: Browser;
  let client: Client;
  let person: Person;

  beforeAll(async () => {
    app = await listening(server);
    [chromium, person] = await Promise.all([startChromium(executablePath!), createPerson(installation)]);
    client = await createClient(installation, {
      ...{ app_type: 'spa', token_endpoint_auth_method: 'none', callbacks: [`${app}/callback`] },
      ...{ web_origins: [app], allowed_logout_urls: [`${app}/bye`] },
    });
  });
  afterAll(async () => {
    await chromium?.close();
    server.close();
    await installation.close();
  });

  const authorizeUrl = (params: Record<string, string> = {}) =>
    `${installation.url}/authorize?${new URLSearchParams({
      ...{ response_type: 'code', client_id: client.id, redirect_uri: `${app}/callback`, scope: 'openid email' },
      ...{ code_challenge: challengeOf(newVerifier()), code_challenge_method: 'S256', state: 's1', ...params },
    }).toString()}`;

  async function profile(javaScriptEnabled = true) {
    const context = await openProfile(chromium, { javaScriptEnabled });
    return { context, page: await context.newPage() };
  }

  async function signIn(page: Page, url = authorizeUrl(), who = person): Promise<void> {
    await page.goto(url);
    await signInOn(page, who);
    await page.waitForURL((now) => !now.pathname.startsWith('/u/login/'));
  }

  describe('axe finds nothing, in light and in dark,', () => {
    const found = async (page: Page) => {
      const problems = await axeProblems(page);
      expect(await page.getAttribute('html', 'lang')).toBe('en');
      expect(await page.content()).not.toMatch(/cnry_|ticket=|access_token/);
      return problems;
    };
    const within = async (use: (page: Page, context: BrowserContext) => Promise<string[]>) => {
      const { context, page } = await profile();
      const problems = await use(page, context);
      await context.close();
      expect(problems).toEqual([]);
    };

    it('on the pages of a sign-in', async () => {
      await within(async (page) => {
        await page.goto(authorizeUrl({ login_hint: 'somebody@example.com' }));
        const empty = await found(page);
        await page.fill('#password', 'cnry_wrong');
        await page.press('#password', 'Enter');
        await page.waitForSelector('[role=alert]');
        const wrong = await found(page);
        await signInOn(page, person);
        await page.waitForURL(`${app}/**`);
        await page.goto(authorizeUrl({ prompt: 'select_account' }));
        // A long name on a small screen, or a large one enlarged four times, is read without scrolling sideways.
        await page.setViewportSize({ width: 320, height: 480 });
        await page.waitForFunction('innerWidth === 320');
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
        return [...empty, ...wrong, ...(await found(page))];
      });
    });

    it('on those of consent, a second factor, and a form that sends itself', async () => {
      const audience = `https://${unique('letters')}.example/`;
      const scopes = [{ value: 'read:letters', description: 'Read your letters' }, { value: 'burn:letters' }];
      await installation.manage('POST', '/resource-servers', { identifier: audience, scopes });
      const strict = await createClient(installation, { callbacks: [`${app}/callback`], require_mfa_at_login: true });
      await within(async (page) => {
        await signIn(page, authorizeUrl({ audience, scope: 'openid email read:letters burn:letters' }));
        expect(page.url()).toContain('/u/consent/');
        const consent = await found(page);
        await page.goto(authorizeUrl({ client_id: strict.id }));
        expect(page.url()).toContain('/u/mfa/');
        return [...consent, ...(await found(page))];
      });
      const { context, page } = await profile(false);
      await page.goto(authorizeUrl({ response_mode: 'form_post', prompt: 'none' }));
      expect(await page.textContent('button')).toBe('Continue');
      await context.close();
    });

    it('on those that say that nothing goes on, and of a sign-out', async () => {
      await within(async (page) => {
        const problems: string[] = [];
        const paths = [
          ...['/authorize?client_id=nobody', '/authorize/x1', '/u/login/x1', '/oidc/logout', '/v2/logout'],
          `/v2/logout?client_id=${client.id}&returnTo=https://evil.example/`,
        ];
        for (const path of paths) {
          await page.goto(installation.url + path);
          problems.push(...(await found(page)));
        }
        await signIn(page);
        await page.goto(`${installation.url}/oidc/logout`);
        return [...problems, ...(await found(page))];
      });
    });

    it('on those of the connect flow', async () => {
      const scene = await Scene.create(installation);
      const stranger = await createPerson(installation);
      const link = async () => {
        const flow = scene.flow();
        await flow.begin();
        return flow.link;
      };
      await within(async (page) => {
        await page.goto(`${installation.url}/connected-accounts/connect?ticket=unknown`);
        const unknown = await found(page);
        await page.goto(`${installation.url}/connect/callback/${scene.connection.name}?code=x&state=y`);
        const refused = await found(page);
        const asked = page.waitForRequest((request) => new URL(request.url()).pathname === '/authorize');
        await page.goto(await link());
        const state = new URL((await asked).url()).searchParams.get('state')!;
        const back = new URLSearchParams({ error: 'access_denied', state }).toString();
        await page.goto(`${installation.url}/connected-accounts/connect/signed-in?${back}`);
        expect(await page.textContent('h1')).toBe('Cancelled');
        const cancelled = await found(page);
        await signIn(page, await link(), scene.person);
        await page.waitForSelector('button[value=accept]');
        const consent = await found(page);
        await installation.manage('PATCH', `/clients/${scene.client.id}`, { callbacks: [] });
        await page.click('button[value=accept]');
        await page.locator('h1', { hasText: 'not possible any more' }).waitFor();
        await installation.manage('PATCH', `/clients/${scene.client.id}`, { callbacks: [scene.client.callback] });
        return [...unknown, ...refused, ...cancelled, ...consent, ...(await found(page))];
      });
      await within(async (page) => {
        await signIn(page, await link(), stranger);
        expect(await page.textContent('h1')).toContain('another account');
        return found(page);
      });
    });
  });

  it('signs in by keyboard alone, and hears of a wrong password', async () => {
    const { context, page } = await profile();
    await page.goto(authorizeUrl());
    // A page has focused its field with the first frame that is drawn: a moment after it has loaded.
    await page.waitForSelector('#username:focus');
    await page.keyboard.type(person.email);
    await page.keyboard.press('Tab');
    await page.waitForSelector('#password:focus');
    await page.keyboard.type('cnry_wrong');
    await page.keyboard.press('Tab');
    await page.waitForSelector('button:focus');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]');
    await page.waitForSelector('#password:focus');
    expect(await page.getAttribute('#password', 'aria-describedby')).toBe('problem');
    expect(await page.getAttribute('#password', 'aria-invalid')).toBe('true');
    expect(await page.inputValue('#username')).toBe(person.email);
    await page.keyboard.type(person.password);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${app}/callback?*`);
    expect(new URL(page.url()).searchParams.get('code')).not.toBeNull();
    await context.close();
  });

  it('CN-21 connects an account by keyboard, without a script', async () => {
    const redirect_uri = `${app}/connected`;
    const scene = await Scene.create(installation);
    await installation.manage('PATCH', `/clients/${scene.client.id}`, { callbacks: [redirect_uri] });
    const flow = scene.flow({ redirect_uri });
    await flow.begin();
    const { context, page } = await profile(false);
    await page.goto(flow.link);
    // The field has the keyboard with the first frame that is drawn: a moment after the page has loaded.
    await page.waitForSelector('#username:focus');
    await page.keyboard.type(scene.person.email);
    await page.keyboard.press('Tab');
    await page.waitForSelector('#password:focus');
    await page.keyboard.type(scene.person.password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('button[value=accept]');
    await page.keyboard.press('Tab');
    await page.locator('button:focus', { hasText: 'Continue to' }).waitFor();
    await page.keyboard.press('Tab');
    await page.locator('button:focus', { hasText: 'Cancel' }).waitFor();
    await page.keyboard.press('Shift+Tab');
    await page.locator('button:focus', { hasText: 'Continue to' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${scene.provider.url}/**`);
    await page.press('button[value=accept]', 'Enter');
    await page.waitForURL(`${redirect_uri}?*`);
    flow.connectCode = new URL(page.url()).searchParams.get('connect_code') ?? '';
    expect((await flow.complete({ redirect_uri })).status).toBe(201);
    await context.close();
  });

  it('CN-20 shows no page of the connect flow in a frame', async () => {
    const { context, page } = await profile();
    await page.goto(`${app}/`);
    const refused = page.waitForEvent('console', (message) => message.text().includes("frame-ancestors 'none'"));
    const framed = `${installation.url}/connected-accounts/connect?ticket=unknown`;
    await page.setContent(`<!doctype html><iframe src="${framed}"></iframe>`);
    await refused;
    const [frame] = page.mainFrame().childFrames();
    await frame!.waitForURL('chrome-error://**');
    expect(await frame!.content()).not.toContain('not valid any more');
    await context.close();
  });

  describe('an application in the browser', () => {
    /** What the page was told by the frame or the window that it opens; in text, as it runs there and not here. */
    const told = (page: Page, url: string, how: 'frame' | 'window', waitMs = STEP_MS): Promise<unknown> =>
      page.evaluate(`new Promise((resolve) => {
        addEventListener('message', ({ origin, data }) => {
          if (data.type === 'authorization_response') resolve({ origin, response: data.response });
        });
        setTimeout(() => resolve('nothing'), ${waitMs});
        const url = ${JSON.stringify(url)};
        if (${how === 'window'}) return void open(url, 'sign-in', 'popup');
        const frame = document.createElement('iframe');
        frame.src = url;
        document.body.append(frame);
      })`);

    it('ID-18 learns in a frame, without a click, who is signed in; framed by another it learns nothing', async () => {
      // Of the same site and scheme, as browsers want it before they hand the session to a frame. Nobody serves it.
      const framing = 'https://localhost:8999';
      const spa = await createClient(installation, { callbacks: [`${framing}/callback`], web_origins: [framing] });
      const asked = { client_id: spa.id, redirect_uri: `${framing}/callback` };
      const silent = () => authorizeUrl({ ...asked, response_mode: 'web_message', prompt: 'none' });
      const { context, page } = await profile();
      await context.grantPermissions(['local-network-access'], { origin: framing });
      await context.route(`${framing}/**`, (route) => route.fulfill({ contentType: 'text/html', body: EMPTY }));
      await page.goto(`${framing}/`);
      const nobody = await told(page, silent(), 'frame');
      expect(nobody).toMatchObject({ origin: installation.url, response: { error: 'login_required', state: 's1' } });
      await signIn(page);
      await page.goto(`${framing}/`);
      const somebody = await told(page, silent(), 'frame');
      expect(somebody).toMatchObject({ response: { code: expect.any(String) as string, state: 's1' } });
      await page.goto(`${app}/`);
      expect(await told(page, silent(), 'frame', 2_000)).toBe('nothing');
      await context.close();
    });

    it('ID-18 learns it from a window that it has opened, after the person has signed in there', async () => {
      const { context, page } = await profile();
      await page.goto(`${app}/`);
      const opened = context.waitForEvent('page');
      const answer = told(page, authorizeUrl({ response_mode: 'web_message' }), 'window');
      const popup = await opened;
      await popup.fill('#username', person.email);
      await popup.fill('#password', person.password);
      // Pressed and not let go: by then the window may have closed itself.
      await popup.focus('#password');
      await popup.keyboard.down('Enter');
      expect(await answer).toMatchObject({ response: { code: expect.any(String) as string } });
      await context.close();
    });

    it('is sent its answer by a form', async () => {
      const { context, page } = await profile();
      const posted = page.waitForRequest(
        (request) => request.url() === `${app}/callback` && request.method() === 'POST',
      );
      await signIn(page, authorizeUrl({ response_mode: 'form_post' }));
      expect(new URLSearchParams((await posted).postData() ?? '').get('state')).toBe('s1');
      await context.close();
    });
  });
});

/** By name, as on a developer's machine: the same host as the installation's, another port. */
const listening = (server: Server): Promise<string> =>
  new Promise((done) => {
    server.listen(0, 'localhost', () => done(`http://localhost:${(server.address() as AddressInfo).port}`));
  });
