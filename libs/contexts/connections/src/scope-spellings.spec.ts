import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalogue } from '@strongroom/providers';
import { directoryView } from './connection-view.js';

const GOOGLE = [
  ['email', 'https://www.googleapis.com/auth/userinfo.email'],
  ['profile', 'https://www.googleapis.com/auth/userinfo.profile'],
];
const spellings = (strategy: string, options: Record<string, unknown> = {}, catalogue = Catalogue.shipped()) =>
  directoryView(
    catalogue,
    {
      ...{ id: 'con_1', name: 'one', displayName: null, providerMetadata: null },
      ...{ loginActive: false, vaultActive: true, allowMissingUserId: false },
      ...{ strategy, options: { client_id: 'ours', ...options } },
    },
    true,
  ).scopeSpellings;
/** The catalogue of an operator who has described these providers. */
const withFile = async (providers: object): Promise<Catalogue> => {
  const dir = await mkdtemp(join(tmpdir(), 'strongroom-catalogue-'));
  try {
    const file = join(dir, 'providers.json');
    await writeFile(file, JSON.stringify({ version: 1, providers }));
    return Catalogue.load([file]);
  } finally {
    await rm(dir, { recursive: true });
  }
};

describe('the spellings of the scopes of a connection', () => {
  it('AD-08 are those of the catalogue', () => {
    expect(spellings('google-oauth2')).toEqual(GOOGLE);
    expect(spellings('waad')).toContainEqual(['Mail.Read', 'https://graph.microsoft.com/Mail.Read']);
    expect(spellings('github')).toEqual([]); // `repo` includes others, and is not the same
  });

  it('AD-08 hold as well where a custom connection is known by its token endpoint, or says who it is', () => {
    const tokenURL = 'https://oauth2.googleapis.com/token';
    expect(spellings('oauth2', { tokenURL })).toEqual(GOOGLE);
    expect(spellings('oauth2', { provider: 'google-oauth2' })).toEqual(GOOGLE);
  });

  it('AD-08 are not for whoever edits the connection to say', () => {
    const scopes = [{ value: 'read', label: 'read', keywords: [], same: ['admin'] }];
    const custom = { authorizationURL: 'https://provider.example/a', tokenURL: 'https://provider.example/token' };
    expect(spellings('oauth2', { ...custom, provider_settings: { scopes } })).toEqual([]);
    expect(spellings('google-oauth2', { provider_settings: { scopes } })).toEqual(GOOGLE);
    const elsewhere = { provider_settings: { endpoints: { token: custom.tokenURL } } };
    expect(spellings('google-oauth2', elsewhere)).toEqual([]);
    expect(spellings('oauth2', { ...custom, ...elsewhere, provider: 'google-oauth2' })).toEqual([]);
  });

  it('AD-08 hold where the operator has moved the entry, in the words of the shipped one', async () => {
    const moved = { token: 'https://here.example/token', refresh: 'https://here.example/token' };
    const scopes = [{ value: 'email', label: 'see an address', keywords: [], same: ['everything'] }];
    const catalogue = await withFile({ 'google-oauth2': { endpoints: moved, scopes } });
    expect(spellings('google-oauth2', {}, catalogue)).toEqual(GOOGLE);
  });

  it('AD-08 are none where there is no entry, or each account has an address of its own', () => {
    expect(spellings('auth0')).toEqual([]);
    expect(spellings('salesforce')).toEqual([]);
    expect(spellings('zendesk')).toEqual([]);
  });
});
