import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { freePort } from '@strongroom/testing';
import { ROOT, type Child } from '../driver/child.js';
import { Browser, Installation, passOwnPages, Scene } from '../driver/index.js';
import { buildApplication, startApplication } from './next-application.js';
import { NEXT_FILES, snippets } from './snippets.js';
import { overHttps } from './where.js';

// The first run builds the application, which takes all of a machine for a while.
jest.setTimeout(600_000);

overHttps('@auth0/nextjs-auth0 in an application that next build made and next start serves', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  let app: string;
  let browser: Browser;
  let application: Child;
  beforeAll(async () => {
    await buildApplication();
    app = `http://localhost:${await freePort()}`;
    scene = await Scene.create(installation, {
      client: { callbacks: ['https://app.example/callback', `${app}/auth/callback`], allowed_logout_urls: [app] },
    });
    const { client, connection, provider } = scene;
    browser = new Browser(installation, [app]);
    application = await startApplication(installation, app, {
      AUTH0_DOMAIN: installation.url,
      AUTH0_CLIENT_ID: client.id,
      AUTH0_CLIENT_SECRET: client.secret,
      AUTH0_SECRET: randomBytes(32).toString('hex'),
      CONNECTION: connection.name,
      PROVIDER_API: `${provider.url}/userinfo`,
    });
  });
  afterAll(async () => {
    await application?.end();
    await installation.close();
  });

  const call = (method: string, path: string) => browser.request(new URL(path, app), method);
  const words = async (path = '/') => (await browser.visit(`${app}${path}`)).page?.words;

  it('docs/libraries.md shows the application as it stands', () => {
    const page = snippets();
    for (const name of NEXT_FILES)
      expect(page.get(name)).toBe(`// ${name}\n${readFileSync(join(ROOT, 'apps/nextjs-client', name), 'utf8')}`);
  });

  it('LI-06 logs in, connects, comes back, exchanges, lists, disconnects and logs out', async () => {
    expect(await words()).toContain('Log in');
    const signedIn = await passOwnPages(browser, await browser.visit(`${app}/auth/login`), scene.person);
    expect(signedIn.url.href).toBe(`${app}/`);
    expect(signedIn.page?.words).toContain(scene.person.email);
    expect(signedIn.page?.words).not.toContain(scene.connection.name);

    // Nothing is connected: the application sends the person to connect, and then has the token.
    const consent = await passOwnPages(browser, await browser.visit(`${app}/provider`), scene.person);
    expect(consent.page!.hasButton('accept')).toBe(true);
    const atProvider = await browser.submit(consent.page!, { action: 'accept' });
    const back = await browser.submit(atProvider.page!, { action: 'accept' });
    expect(back.url.href).toBe(`${app}/provider`);
    expect((await call('GET', '/provider')).json).toMatchObject({ sub: 'person-1' });
    expect(await words()).toContain(`${scene.connection.name}: read write`);

    const gone = await browser.submit((await browser.visit(app)).page!, {});
    expect(gone.url.href).toBe(`${app}/`);
    expect(gone.page?.words).not.toContain(scene.connection.name);
    const again = new URL((await call('GET', '/provider')).headers['location']!);
    expect(`${again.origin}${again.pathname}`).toBe(`${installation.url}/connected-accounts/connect`);

    const left = await browser.visit(`${app}/auth/logout`);
    expect(left.url.href).toMatch(`${app}/`);
    expect((await call('GET', '/auth/profile')).status).toBe(401);
    expect((await browser.visit(`${app}/auth/login`)).page?.asksForPassword).toBe(true);
  });

  it('LI-06 says why nothing was connected', async () => {
    await passOwnPages(browser, await browser.visit(`${app}/auth/login`), scene.person);
    const unknown = await call('GET', '/auth/connect?connection=nobodys');
    expect([unknown.status, unknown.text]).toEqual([404, expect.stringContaining('404')]);
    const name = scene.connection.name;
    const wrong = await call('GET', `/auth/connect?connection=${name}&max_age=soon`);
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('400')]);
    const asked = await browser.visit(`${app}/auth/connect?connection=${name}&scopes=read&max_age=600`);
    const consent = await passOwnPages(browser, asked, scene.person);
    const back = await browser.submit(consent.page!, { action: 'deny' });
    expect([back.url.pathname, back.page?.status]).toEqual(['/auth/callback', 500]);
    expect(back.url.searchParams.get('error')).toBe('access_denied');
    expect(await words()).not.toContain(name);
  });
});
