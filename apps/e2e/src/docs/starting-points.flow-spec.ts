import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { freePort, like, Shell, stepsOf } from '@strongroom/testing';
import { ROOT } from '../driver/child.js';
import {
  Browser,
  CatalogueProvider,
  Installation,
  passOwnPages,
  type Person,
  StandaloneServer,
} from '../driver/index.js';
import { besideStandalone } from '../beside-standalone.js';

const START = '```sh\nnpm ci\nSTRONGROOM_SIMULATOR=on npm start\n```';
const RUN = 'node docs/quickstart/app.mjs';

/** What the pages say of places, as they are in this test. */
type Places = Record<string, string>;
const pageOf = (name: string): string => readFileSync(join(ROOT, 'docs', name), 'utf8');
const inPlace = (script: string, places: Places): string =>
  Object.entries(places).reduce((text, [there, here]) => text.replaceAll(there, here), script);

// A reader's first start makes everything anew and waits for the disk, and each step starts programs.
jest.setTimeout(300_000);

besideStandalone('the pages that one starts with', () => {
  let server: StandaloneServer;
  let installation: Installation;
  let shell: Shell;
  let places: Places;
  let application: string;
  let person: Person;

  beforeAll(async () => {
    const [simulatorPort, appPort] = [await freePort(), await freePort()];
    server = await StandaloneServer.start(`http://127.0.0.1:${simulatorPort}`, {
      ...{ STRONGROOM_TLS: '', STRONGROOM_SIMULATOR: 'on', STRONGROOM_SIMULATOR_PORT: String(simulatorPort) },
      STRONGROOM_EGRESS_ALLOW: '',
    });
    installation = new Installation(server.address);
    application = `http://localhost:${appPort}`;
    places = {
      'http://localhost:3000': server.url,
      'localhost:4000': `localhost:${appPort}`,
      '127.0.0.1:9090': `127.0.0.1:${simulatorPort}`,
    };
    person = {
      userId: '',
      email: 'you@example.com',
      password: 'a-long-password-of-yours',
      browser: new Browser(installation, [application]),
    };
    const environment = { VAULT: server.url, STRONGROOM_DATA_DIR: server.dataDir, PORT: String(appPort) };
    shell = new Shell({ cwd: ROOT, environment });
  });
  afterAll(async () => {
    await shell?.end();
    await installation?.close();
    await server?.remove();
  });

  /** Pastes a page's steps, and uses the application wherever the page starts it. */
  async function follow(page: string, { here = {}, told = '' }: { here?: Places; told?: string } = {}) {
    const steps = stepsOf(page);
    expect(steps.filter(({ script }) => script.includes(RUN))).toHaveLength(1);
    for (const { script, output } of steps) {
      const pasted = inPlace(script, { ...places, ...here });
      if (pasted.includes(RUN)) await useApplication(pasted);
      else if (pasted.startsWith('read -')) await shell.paste(told);
      else {
        const printed = await shell.paste(pasted);
        if (output !== null) expect(printed).toMatch(like(output));
      }
    }
  }

  async function useApplication(script: string): Promise<void> {
    await shell.paste(script.replace(RUN, `${RUN} &`));
    await shell.until(/The application is at /);
    const { browser } = person;
    const consent = await passOwnPages(browser, await browser.visit(application), person);
    const atProvider = await browser.submit(consent.page!, { action: 'accept' });
    const end = await browser.submit(atProvider.page!, { action: 'accept' });
    expect([end.url.href, end.page?.words]).toEqual([`${application}/use`, expect.stringContaining('answered 200')]);
    // Nobody is asked anything the second time.
    const again = await browser.visit(`${application}/use`);
    expect([again.url.href, again.page?.words]).toEqual([
      `${application}/use`,
      expect.stringContaining('answered 200'),
    ]);
    await shell.paste('kill %1; wait %1 2>/dev/null; true');
  }

  const simulated = (prefix: string) =>
    `${prefix}_CLIENT_ID=${CatalogueProvider.client.clientId} ${prefix}_CLIENT_SECRET=${CatalogueProvider.client.clientSecret}`;
  const api = (name: string) => `${installation.address.simulatorUrl}/${name}/_api/me`;

  it('docs/quickstart.md leads from nothing to the answer of a provider', async () => {
    const page = pageOf('quickstart.md');
    expect(page).toContain(START); // which is how the server of this test was started
    await follow(page);
  });

  it('docs/quickstart.md pasted once more says that the names are taken', async () => {
    const [connection] = stepsOf(pageOf('quickstart.md')).filter(({ script }) => script.includes('POST /connections '));
    await expect(shell.paste(connection!.script)).rejects.toThrow(/"statusCode":409.+already exists/);
  });

  it('docs/connect-google.md does for Google what it says', async () => {
    const here = { 'https://www.googleapis.com/calendar/v3/users/me/calendarList': api('google-oauth2') };
    await follow(pageOf('connect-google.md'), { here, told: simulated('GOOGLE') });
  });

  it('docs/connect-github.md does for GitHub what it says', async () => {
    const here = { 'https://api.github.com/user': api('github') };
    await follow(pageOf('connect-github.md'), { here, told: simulated('GITHUB') });
  });
});
