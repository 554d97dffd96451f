import { jest } from '@jest/globals';
import { whereThereIs } from '@strongroom/testing';
import type { Browser, Page } from 'playwright-core';
import {
  createPerson,
  eventually,
  Installation,
  type Person,
  Scene,
  SimulatedProvider,
  unique,
} from './driver/index.js';
import { axeProblems } from './setup/axe.js';
import { CHROMIUM_TEST_MS, chromiumPath, startChromium } from './setup/chromium.js';
import { MARKUP, markupTaken } from './setup/markup.js';
import { openPage, signInOn } from './setup/sign-in-page.js';

jest.setTimeout(CHROMIUM_TEST_MS);
const executablePath = chromiumPath();
const CALLBACK = 'https://app.example/callback';

whereThereIs(executablePath, 'Chromium in PATH', "the administrators' half of the dashboard, in Chromium", () => {
  const installation = Installation.fromEnvironment();
  let chromium: Browser;

  beforeAll(async () => {
    chromium = await startChromium(executablePath!);
  });
  afterAll(async () => {
    await chromium?.close();
    await installation.close();
  });

  const userPath = ({ userId }: Person) => `/users/${encodeURIComponent(userId)}`;
  const change = (person: Person, changes: object) => installation.manage('PATCH', userPath(person), changes);

  const open = (path: string) => openPage(chromium, installation.url + path);
  const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 }).waitFor();

  it('sets up an application and its connection, checks them, bounds them, and shows what was refused for it', async () => {
    const administrator = await createPerson(installation);
    await change(administrator, { administrator: true, name: MARKUP });
    const { context, page } = await open('/dashboard');
    const taken = markupTaken(context);
    await signInOn(page, administrator);
    const named = (name: string) => page.getByLabel(name, { exact: true });
    const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
    /** By a link of the dashboard. The new page gives its title the focus, and would take it from a field that has it. */
    const go = async (name: string) => {
      await page.getByRole('link', { name, exact: true }).click();
      await page.locator('h1:focus').waitFor();
    };
    const problems: string[] = [];
    const look = async () => void problems.push(...(await axeProblems(page)));

    await go('Applications');
    await go('New application');
    const appName = `${unique('app')} ${MARKUP}`;
    await named('Name').fill(appName);
    await named('Callback URLs').fill(CALLBACK);
    await press('Create the application');
    await page.getByText('shown this once').waitFor();
    const [secret, clientId] = await page.locator('.copyable code').allTextContents();
    await go('Go to the application');
    await heading(page, appName);
    expect(await page.content()).not.toContain(secret!);

    await go('Connections');
    await go('New connection');
    await named('Find a provider').fill('box');
    await go('Box');
    const boxName = unique('box');
    await named('Name').fill(boxName);
    await named('Shown to people as').fill(MARKUP);
    await page.getByText(`${installation.url}/connect/callback/${boxName}`).waitFor();
    await named('Client ID').fill('simulated-client');
    await named('Client secret').fill('cnry_cs_simulated');
    await look();
    await press('Create the connection');
    await heading(page, MARKUP);
    expect(await page.content()).not.toContain('cnry_cs_simulated');

    const provider = await SimulatedProvider.create(installation);
    const connectionName = unique('connection');
    await go('Connections');
    await go('New connection');
    await go('OAuth 2.0: any provider, by its addresses');
    await named('Name').fill(connectionName);
    await named('Authorization URL').fill(`${provider.url}/authorize`);
    await named('Token URL').fill(`${provider.url}/token`);
    await named('User info URL').fill(`${provider.url}/userinfo`);
    await named('Client ID').fill(provider.clientId);
    await named('Client secret').fill(provider.clientSecret);
    await named('Scopes').fill('read write');
    await press('Create the connection');
    await named(appName).check();
    // So that people can connect accounts by themselves (docs/dashboard.md).
    await named('Strongroom').check();
    await press('Verify the connection');
    await page.getByText(/^All \d+ checks passed\.$/).waitFor();
    await named('Revoke at the provider when an account is disconnected').check();
    await named('New client secret').fill(provider.clientSecret);
    await press('Save the settings');
    await page.getByText('The settings are saved.').waitFor();
    expect(await named('New client secret').inputValue()).toBe('');
    await named('Shown to people as').fill('Letters');
    await press('Save the settings');
    await heading(page, 'Letters');
    await look();
    const id = new URL(page.url()).pathname.split('/').at(-1)!;
    // The secret was kept through the change: else no account could be connected.
    await provider.change({ redirectUris: [`${installation.url}/connect/callback/${connectionName}`] });
    const client = { id: clientId!, secret: secret!, callback: CALLBACK };
    const connection = { id, name: connectionName, provider };
    const scene = await Scene.of(installation, client, connection, await createPerson(installation));
    const account = await scene.connect();
    const { enabled_clients } = await installation.manage('GET', `/connections/${id}`);
    expect(enabled_clients).toEqual(expect.arrayContaining([clientId, 'strongroom-dashboard']));
    expect((await scene.exchange()).status).toBe(200);

    await go('Applications');
    await go(appName);
    await named('Connection').selectOption(connectionName);
    await press('Check');
    await page.getByText(/^All \d+ checks passed\.$/).waitFor();
    await named('Only the connections that are ticked below').check();
    await press('Save the policy');
    await page.getByText('The change counts from now on.').waitFor();
    // By keyboard one goes on from there, not from the top of the page.
    await page.locator('h2:focus', { hasText: 'Policy' }).waitFor();
    expect(await scene.exchange()).toMatchObject({ status: 403, json: { error: 'access_denied' } });
    // Nothing can be saved while what could be ticked is on its way: it would be saved as not allowed.
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    await page.route('**/api/v2/connections?*', (route) => arrived.then(() => route.continue()));
    await page.reload();
    await page.getByRole('heading', { name: 'Policy' }).waitFor();
    expect(await page.getByRole('button', { name: 'Save the policy' }).count()).toBe(0);
    arrive();
    await named('Connection').selectOption(connectionName);
    // Another administrator was quicker: that change is shown, and not written over.
    const policy = { connections: [], exchanges_per_minute: 30 };
    await installation.manage('PATCH', `/clients/${client.id}`, { vault_policy: policy });
    await named('Exchanges a minute').fill('5');
    await press('Save the policy');
    await page.getByText('Somebody else has changed this meanwhile').waitFor();
    await page.locator('[name=exchanges_per_minute][value="30"]').waitFor();
    expect(await named('Exchanges a minute').inputValue()).toBe('30');
    expect(await installation.manage('GET', `/clients/${client.id}`)).toMatchObject({ vault_policy: policy });
    await look();
    await press('Check');
    await page.getByText(/^1 of \d+ checks failed\.$/).waitFor();
    await page.getByText('Add the connection to vault_policy.connections').waitFor();
    await look();

    const granted = page.getByRole('region', { name: 'APIs that it may call' });
    const dialog = page.getByRole('dialog');
    await granted.getByRole('button', { name: 'Change' }).click();
    await dialog.getByLabel('Scopes').fill('read:me:connected_accounts');
    await press('Save');
    await dialog.waitFor({ state: 'detached' });
    await granted.getByText('create:me:connected_accounts').waitFor({ state: 'detached' });
    await press('Allow an API');
    await named('API').selectOption(`${installation.url}/api/v2/`);
    await named('For').selectOption('itself');
    await dialog.getByLabel('Scopes').fill('read:logs\nread:users');
    await look();
    await press('Save');
    const management = granted.getByRole('row', { name: '/api/v2/' });
    await management.getByText('read:users').waitFor();
    await management.getByRole('button', { name: 'Take away' }).click();
    await dialog.waitFor();
    expect(await page.evaluate("getComputedStyle(document.querySelector('dialog')).whiteSpace")).toBe('normal');
    await dialog.getByRole('button', { name: 'Take away' }).click();
    await management.waitFor({ state: 'detached' });
    expect(await installation.manage('GET', `/client-grants?client_id=${clientId!}`)).toMatchObject([
      { audience: `${installation.url}/me/`, scope: ['read:me:connected_accounts'] },
    ]);

    await go('Log');
    await page.waitForURL('**/dashboard/log');
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const connectionsRead = '**/api/v2/connections?*';
    await page.route(connectionsRead, async (route) => {
      await held;
      await route.continue();
    });
    await page.reload();
    await named('Type').selectOption('Exchange refused');
    letGo();
    // A list that comes late takes nothing away that was chosen meanwhile.
    await named('Connection').selectOption(connectionName);
    expect(await named('Type').inputValue()).toBe('feta');
    await page.unroute(connectionsRead);
    await named('Application').selectOption(client.id);
    await named('Connection').selectOption(connectionName);
    // By the connection, which nothing else uses: what the log showed before has refusals of others.
    const refused = page
      .getByRole('region', { name: 'Log' })
      .getByRole('row', { name: connectionName })
      .filter({ hasText: '(client policy)' })
      .getByRole('link', { name: 'Refused to exchange a token' });
    await eventually(
      async () => {
        await press('Show');
        return refused.count();
      },
      (count) => count > 0,
    );
    await page.waitForURL('**/dashboard/log?type=feta&*');
    await look();
    await refused.click();
    await page.getByText('"failure_reason": "client_policy"').waitFor();
    await page.getByRole('main').getByText(MARKUP).waitFor();

    await page.goBack();
    await refused.waitFor();
    await eventually(
      () => named('Type').inputValue(),
      (type) => type === 'feta',
    );
    expect(await named('Connection').inputValue()).toBe(connectionName);
    await page.reload();
    await refused.waitFor();
    await page.getByRole('option', { name: client.id }).waitFor({ state: 'detached' });
    expect(await named('Application').inputValue()).toBe(client.id);

    await go('People');
    await named('Name, e-mail address or id').fill(scene.person.userId.slice('auth0|'.length + 2).toUpperCase());
    await named('Name, e-mail address or id').press('Enter');
    await page.getByText(administrator.email).waitFor({ state: 'detached' });
    await go(scene.person.email);
    await page.getByRole('cell', { name: account.id }).waitFor();
    await press('Disconnect');
    await dialog.getByText(account.id).waitFor();
    await dialog.getByRole('button', { name: 'Disconnect' }).click();
    await page.getByText('No account is connected').waitFor();
    await page.locator('h1:focus').waitFor();
    await look();
    for (const place of ['Connections', 'Applications', 'People', 'Parked events', 'Keys']) {
      await go(place);
      await heading(page, place);
      await page.waitForSelector('.loading', { state: 'detached' });
      await look();
    }
    expect(await page.getByRole('alert').count()).toBe(0);
    expect([problems, taken]).toEqual([[], []]);
    await context.close();
  });

  it('W2 lets in who is an administrator, and for as long as they are', async () => {
    const person = await createPerson(installation);
    const { context, page } = await open('/dashboard/people');
    await signInOn(page, person);
    await heading(page, 'This part is for administrators');
    expect(await axeProblems(page)).toEqual([]);
    expect(await page.getByRole('link', { name: 'Go to your own account' }).getAttribute('href')).toBe('/account');
    await change(person, { administrator: true });
    await page.getByRole('button', { name: 'Sign in as somebody else' }).click();
    await signInOn(page, person);
    await heading(page, 'People');
    // With its list: a read still under way would be the one that is refused, and there would be no link to press.
    await page.getByRole('table').waitFor();
    await change(person, { administrator: false });
    await page.getByRole('link', { name: 'Keys', exact: true }).click();
    await heading(page, 'You are not signed in');
    await context.close();
  });
});
