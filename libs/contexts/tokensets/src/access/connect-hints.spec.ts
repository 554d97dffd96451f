import { PublicUrl } from '@strongroom/http';
import { TokensetsSettings } from '../tokensets.options.js';
import { ConnectHints } from './connect-hints.js';

describe('how to connect', () => {
  const hints = (hasDashboard: boolean) =>
    new ConnectHints(new PublicUrl('https://vault.example.com'), new TokensetsSettings({ hasDashboard }));

  it('RE-04 AD-16 names the page where a person begins by themselves, where there is one', () => {
    const found = hints(true).of('acme crm/eu');
    expect(found.page).toBe('https://vault.example.com/account/connect/acme%20crm%2Feu');
    expect(found.body).toEqual({ connection: 'acme crm/eu' });
    expect(hints(false).of('acme-crm')).not.toHaveProperty('page');
  });
});
