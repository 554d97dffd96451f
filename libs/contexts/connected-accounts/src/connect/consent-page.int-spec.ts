import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { Flow } from '../../test/browser.js';
import { madeUpProviders } from '../../test/made-up-providers.js';
import { suiteBench } from '../../test/suite-bench.js';

describe('the consent page', () => {
  const bench = suiteBench({ catalogue: madeUpProviders() });
  let alice: PersonView;
  let client: ClientView;

  beforeEach(() => {
    alice = bench.person('Alice');
    client = bench.client({ name: 'Calendar <Helper>' });
  });

  const textOf = async (change: Partial<ConnectionView>, more: Record<string, unknown> = {}): Promise<string> => {
    const connection = bench.connection(client, change);
    const flow = await (await new Flow(bench, client, connection, alice).begin(more)).open();
    expect(flow.page.status).toBe(200);
    expect(flow.page.body).not.toMatch(/<script|javascript:| on\w+=/i);
    return flow.page.body.replace(/\s+/g, ' ');
  };
  const stall = { strategy: 'market-stall', options: { client_id: 'our-id' } };
  const shop = { authorization_params: { shop: 'tea' } };

  it('says what each permission allows, with its raw name, and marks what is sensitive', async () => {
    const text = await textOf(stall, { ...shop, scopes: ['orders.read', 'orders.write'] });
    expect(text).toContain('Calendar &lt;Helper&gt; wants to:');
    expect(text).toMatch(/<li> See your &lt;orders&gt; <code>orders\.read<\/code> <\/li>/);
    expect(text).toMatch(/<li> Change your orders <code>orders\.write<\/code> <strong>\(sensitive\)<\/strong> <\/li>/);
    expect(text).not.toContain('Further permissions');
  });

  it('shows a permission nobody here knows by its name, under further permissions, and escapes it', async () => {
    const text = await textOf(stall, { ...shop, scopes: ['orders.read', '<b>all</b>'] });
    expect(text).toMatch(/Further permissions:<\/p> <ul> <li> <code>&lt;b&gt;all&lt;\/b&gt;<\/code> <\/li>/);
  });

  it('knows another spelling, whatever its case', async () => {
    expect(await textOf(stall, { ...shop, scopes: ['Orders:View'] })).toMatch(
      /See your &lt;orders&gt; <code>Orders:View<\/code>/,
    );
  });

  it('says where the provider’s app decides, and lists nothing', async () => {
    const board = {
      strategy: 'notice-board',
      displayName: 'Board <1>',
      options: { client_id: 'our-id', scope: 'read' },
    };
    const text = await textOf(board);
    expect(text).toContain('What it may do is set at Board &lt;1&gt;.');
    expect(text).not.toMatch(/<li>|wants to|Further permissions/);
  });

  it('calls the provider as the administrator does, else as it is known, and names the host that is next', async () => {
    const named = await textOf({ ...stall, displayName: 'Our Stalls' }, shop);
    expect(named).toContain('<h1>Connect your Our Stalls account</h1>');
    const unnamed = await textOf({ ...stall, name: 'stalls-7', displayName: 'stalls-7' }, shop);
    expect(unnamed).toContain('<h1>Connect your Market Stall account</h1>');
    expect(unnamed).toContain('<strong><bdi>Market Stall</bdi></strong> (<code>tea.stall.example.net</code>)');
    expect(unnamed).toContain('Continue to Market Stall');
  });

  it.each([
    ['https://calendar.example:8443/done?for=mail.example', 'calendar.example:8443'],
    ['com.example.app:/done', 'com.example.app:'],
    // Whoever registers such an address chooses what stands in the host's place.
    ['helper://bank.example/done', 'helper://bank.example'],
  ])('names what an app at %s is known by, and takes no word for a host on the web', async (redirectUri, shown) => {
    client = bench.client({ name: 'Helper', callbacks: [redirectUri] });
    expect(await textOf(stall, { ...shop, redirect_uri: redirectUri })).toContain(
      `<strong><bdi>Helper</bdi></strong> (<code>${shown}</code>) asks for access`,
    );
  });

  it('names the account that is to be connected again, and no account where any will do', async () => {
    const connection = bench.connection(client, stall);
    bench.vault.answer = { label: 'Tea <b> shop' };
    const first = await new Flow(bench, client, connection, alice).begin(shop);
    await (await first.open()).accept();
    first.callbackUrl = first.callbackUrl.replace('code=', 'grant=');
    await first.comeBack();
    const { id, created_at } = (await first.complete()).json() as { id: string; created_at: string };
    const textFor = async (more: Record<string, unknown>) =>
      (await (await new Flow(bench, client, connection, alice).begin(more)).open()).page.body.replace(/\s+/g, ' ');
    expect(await textFor({ connected_account_id: id })).toContain(
      `This renews the account <strong><bdi>Tea &lt;b&gt; shop</bdi></strong> that you connected on ${created_at.slice(0, 10)}.`,
    );
    await bench.database.query('UPDATE connected_accounts SET label = NULL WHERE id = $1', [id]);
    expect(await textFor({ connected_account_id: id })).toContain('This renews the account that you connected on');
    expect(await textFor(shop)).not.toContain('This renews');
  });

  it('says so where nothing is asked for', async () => {
    expect(await textOf(stall, shop)).toContain('The provider decides which permissions this brings.');
  });
});
