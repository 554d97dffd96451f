import { Installation, type Json, Scene } from '../driver/index.js';
import { NEXT_FILES, run, type SnippetName, snippets, SNIPPETS } from './snippets.js';
import { overHttps } from './where.js';

overHttps('@auth0/ai pointed at us, as docs/libraries.md shows it', () => {
  const installation = Installation.fromEnvironment();
  let connected: Scene;
  let nobody: Scene;
  beforeAll(async () => {
    connected = await Scene.create(installation);
    nobody = await connected.another();
    await connected.connect();
  });
  afterAll(() => installation.close());

  const call = (name: SnippetName, { client, connection, provider, tokens }: Scene, scopes: string): Promise<Json> => {
    const environment = {
      AUTH0_CLIENT_ID: client.id,
      AUTH0_CLIENT_SECRET: client.secret,
      CONNECTION: connection.name,
      SCOPES: scopes,
      REFRESH_TOKEN: tokens.refreshToken,
      PROVIDER_API: `${provider.url}/userinfo`,
    };
    const directory = name === 'langchain.cjs' ? 'apps/langchain-client' : '.';
    return run(installation, name, environment, { directory });
  };

  it.each([
    ['LI-08 @auth0/ai-vercel stops with TokenVaultInterrupt', 'vercel.cjs', 'TOKEN_VAULT_ERROR'],
    ['LI-09 @auth0/ai-langchain stops with GraphInterrupt', 'langchain.cjs', 'FEDERATED_CONNECTION_ERROR'],
  ] as const)('%s where a scope or the account is missing, and has the token else', async (_what, name, code) => {
    const [token, scope, account] = await Promise.all([
      call(name, connected, 'read write'),
      call(name, connected, 'read delete'),
      call(name, nobody, 'read'),
    ]);
    expect(token).toMatchObject({ sub: 'person-1' });
    const stopped = { code, connection: connected.connection.name };
    expect(scope).toMatchObject(stopped);
    // What is granted and what is asked; one of the two says a scope twice.
    expect([...new Set(scope['requiredScopes'] as string[])]).toEqual(['read', 'write', 'delete']);
    expect(account).toEqual({ ...stopped, requiredScopes: ['read'] });
  });

  it('docs/libraries.md has no code that nobody runs', () => {
    expect([...snippets().keys()].sort()).toEqual([...SNIPPETS, ...NEXT_FILES].sort());
  });
});
