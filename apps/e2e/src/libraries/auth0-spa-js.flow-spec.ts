import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { whereThereIs } from '@strongroom/testing';
import type { Browser, Page } from 'playwright-core';
import { ROOT } from '../driver/child.js';
import {
  ACCESS_TOKEN,
  type Client,
  type Connection,
  createApi,
  createClient,
  createConnection,
  createPerson,
  exchange,
  Installation,
  isOverHttps,
  type Json,
  MY_ACCOUNT_SCOPES,
  type Person,
} from '../driver/index.js';
import { CHROMIUM_TEST_MS, chromiumPath, openProfile, startChromium } from '../setup/chromium.js';
import { signInOn } from '../setup/sign-in-page.js';
import { snippet } from './snippets.js';

jest.setTimeout(CHROMIUM_TEST_MS);
const executablePath = isOverHttps() ? chromiumPath() : undefined;
const LIBRARY = 'node_modules/@auth0/auth0-spa-js/dist/auth0-spa-js.production.esm.js';
const PAGE = `<!doctype html><title>app</title>
<script type="importmap">{ "imports": { "@auth0/auth0-spa-js": "/library.js" } }</script>
<script type="module">import * as app from '/spa.js'; window.app = app;</script>`;

whereThereIs(executablePath, 'Chromium in PATH, or no HTTPS', '@auth0/auth0-spa-js pointed at us, in Chromium', () => {
  const installation = Installation.fromEnvironment();
  const library = readFileSync(join(ROOT, LIBRARY), 'utf8');
  let config: Json = {};
  const server = createServer(({ url = '' }, answer) => {
    const modules: Record<string, string> = {
      '/library.js': library,
      '/spa.js': snippet('spa.js'),
      '/config.js': `export const { api, clientId, domain, useDpop } = ${JSON.stringify(config)};`,
    };
    const code = modules[url];
    answer.setHeader('content-type', code === undefined ? 'text/html' : 'text/javascript').end(code ?? PAGE);
  });
  let app: string;
  let chromium: Browser;
  let client: Client;
  let api: Awaited<ReturnType<typeof createApi>>;
  let connection: Connection;
  let person: Person;

  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, 'localhost', done));
    app = `http://localhost:${(server.address() as AddressInfo).port}`;
    [chromium, person, api, client] = await Promise.all([
      startChromium(executablePath!),
      createPerson(installation),
      createApi(installation),
      createClient(installation, {
        ...{
          app_type: 'spa',
          token_endpoint_auth_method: 'none',
          grant_types: ['authorization_code', 'refresh_token'],
        },
        ...{ callbacks: [app], web_origins: [app], allowed_logout_urls: [app] },
        refresh_token: {
          ...{ rotation_type: 'rotating', expiration_type: 'expiring', leeway: 10 },
          policies: [{ audience: installation.myAccountAudience, scope: MY_ACCOUNT_SCOPES }],
        },
      }),
    ]);
    connection = await createConnection(installation, { clients: [client, api.client] });
  });
  afterAll(async () => {
    await chromium?.close();
    server.close();
    await installation.close();
  });

  /** Calls what the page exports, in the page; in text, as it runs there and not here. */
  const inPage = async <T = Json>(page: Page, call: string): Promise<T> => {
    await page.waitForFunction('window.app');
    return page.evaluate<T>(`app.${call}`);
  };
  const leaves = async (page: Page, call: string) => {
    await inPage(page, call);
    await page.waitForURL((url) => url.origin !== app);
  };
  const comesBack = async (page: Page) => {
    await page.waitForURL(`${app}/?*`);
    const done = await inPage(page, 'comeBack()');
    await page.goto(app);
    return done;
  };

  it.each([
    ['bearer tokens', false],
    ['tokens bound to its key (useDpop)', true],
  ])(
    'LI-07 with %s it signs in and connects, an API of its own exchanges, and it lists, disconnects and signs out',
    async (_, useDpop) => {
      config = { api: api.audience, clientId: client.id, domain: installation.domain, useDpop };
      const context = await openProfile(chromium);
      const page = await context.newPage();
      await page.goto(app);
      await leaves(page, 'signIn()');
      await signInOn(page, person);
      expect(await comesBack(page)).toMatchObject({ response_type: 'code' });

      await leaves(page, `connect('${connection.name}', ['read'])`);
      await page.click('button[value=accept]');
      await page.waitForURL(`${connection.provider.url}/**`);
      await page.click('button[value=accept]');
      const connected = await comesBack(page);
      expect(connected).toMatchObject({ response_type: 'connect_code', scopes: ['read'], access_type: 'offline' });
      expect(await inPage(page, 'accounts()')).toMatchObject([{ id: connected['id'], connection: connection.name }]);

      // The second refresh shows that the library has kept a refresh token after the first.
      const refresh = `client.getTokenSilently({ cacheMode: 'off' })`;
      expect(typeof (await inPage(page, refresh))).toBe('string');
      expect(typeof (await inPage(page, refresh))).toBe('string');
      const { accessToken, proof } = await inPage<{ accessToken: string; proof?: string }>(page, 'forApi()');
      const exchanged = (headers: Record<string, string>) =>
        exchange(installation, api.client, connection, accessToken, { subject_token_type: ACCESS_TOKEN }, headers);
      if (useDpop) expect((await exchanged({})).json).toMatchObject({ error: 'invalid_dpop_proof' });
      const { json } = await exchanged(proof ? { dpop: proof } : {});
      expect(await connection.provider.owner(String(json['access_token']))).toBe('person-1');

      expect(await inPage(page, `disconnect('${String(connected['id'])}')`)).toBe(204);
      expect(await inPage(page, 'accounts()')).toEqual([]);
      const home = page.waitForEvent('load');
      await inPage(page, 'signOut()');
      await home;
      expect(page.url()).toBe(`${app}/`);
      await leaves(page, 'signIn()');
      await page.waitForSelector('#password');
      await context.close();
    },
  );
});
