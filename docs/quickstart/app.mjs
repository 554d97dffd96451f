// A small application that acts on a person's behalf at a provider, without ever seeing the provider's refresh token.
// It needs Node 20 and nothing else; docs/quickstart.md says how to start it.
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const { VAULT = 'http://localhost:3000', PORT = '4000', CONNECTION = 'google-oauth2' } = process.env;
const { CLIENT_ID, CLIENT_SECRET, PROVIDER_API } = process.env;
const missing = Object.entries({ CLIENT_ID, CLIENT_SECRET, PROVIDER_API }).filter(([, value]) => !value);
if (missing.length > 0) {
  const names = missing.map(([name]) => name).join(', ');
  console.error(`Not set: ${names}. Paste the steps that export them into this shell, and start again.`);
  process.exit(1);
}

const app = `http://localhost:${PORT}`;
const signInScope = 'openid profile email offline_access';
const newSecret = () => randomBytes(32).toString('base64url');
const challengeOf = (verifier) => createHash('sha256').update(verifier).digest('base64url');

/** By the browser's cookie. A real application keeps them in a store of its own, encrypted. */
const sessions = new Map();

/** A request at the vault's token endpoint, as this application. */
async function token(parameters) {
  const body = new URLSearchParams({ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, ...parameters });
  const answer = await fetch(`${VAULT}/oauth/token`, { method: 'POST', body });
  return { ok: answer.ok, said: await answer.json() };
}

/** The provider's access token of the person who is signed in, fresh. */
const providersToken = (session) =>
  token({
    grant_type: 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token',
    subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
    subject_token: session.refreshToken,
    requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
    connection: CONNECTION,
  });

/** Calls the My Account API for the person who is signed in. */
async function myAccount(session, url, body) {
  const { ok, said } = await token({
    grant_type: 'refresh_token',
    refresh_token: session.refreshToken,
    audience: `${VAULT}/me/`,
    scope: `${signInScope} create:me:connected_accounts`,
  });
  if (!ok) throw new Error(said.error_description);
  const headers = { authorization: `Bearer ${said.access_token}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const made = await answer.json();
  if (!answer.ok) throw new Error(made.detail);
  return made;
}

/** What goes with the browser to the vault and must come back with it. */
function begin(session) {
  Object.assign(session, { state: newSecret(), verifier: newSecret() });
  return { state: session.state, code_challenge: challengeOf(session.verifier), code_challenge_method: 'S256' };
}

function ownAnswer(session, query) {
  if (!session.state || query.get('state') !== session.state)
    throw new Error('This answer belongs to another request.');
  session.state = null;
  if (query.has('error')) throw new Error(`${query.get('error')}: ${query.get('error_description')}`);
}

const pages = {
  '/': (session) => {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: `${app}/callback`,
      scope: signInScope,
      ...begin(session),
    });
    return { to: `${VAULT}/authorize?${query}` };
  },

  '/callback': async (session, query) => {
    ownAnswer(session, query);
    const { ok, said } = await token({
      grant_type: 'authorization_code',
      code: query.get('code'),
      redirect_uri: `${app}/callback`,
      code_verifier: session.verifier,
    });
    if (!ok) throw new Error(said.error_description);
    session.refreshToken = said.refresh_token;
    return { to: '/use' };
  },

  '/use': async (session) => {
    if (!session.refreshToken) return { to: '/' };
    const { ok, said } = await providersToken(session);
    if (ok) {
      const answer = await fetch(PROVIDER_API, { headers: { authorization: `Bearer ${said.access_token}` } });
      return { page: `The provider answered ${answer.status}:\n\n${await answer.text()}` };
    }
    // No account yet, one that must be connected again, or too few scopes: the refusal says what to send where.
    const { connect } = said.error_details ?? {};
    if (!connect) throw new Error(said.error_description);
    const begun = await myAccount(session, connect.endpoint, {
      ...connect.body,
      redirect_uri: `${app}/connected`,
      ...begin(session),
    });
    session.authSession = begun.auth_session;
    return { to: `${begun.connect_uri}?${new URLSearchParams(begun.connect_params)}` };
  },

  '/connected': async (session, query) => {
    ownAnswer(session, query);
    await myAccount(session, `${VAULT}/me/v1/connected-accounts/complete`, {
      auth_session: session.authSession,
      connect_code: query.get('connect_code'),
      redirect_uri: `${app}/connected`,
      code_verifier: session.verifier,
    });
    return { to: '/use' };
  },
};

createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, app);
  const known = /(?:^|; )app_session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
  const id = sessions.has(known) ? known : newSecret();
  if (!sessions.has(id)) sessions.set(id, {});
  response.setHeader('set-cookie', `app_session=${id}; HttpOnly; SameSite=Lax; Path=/`);
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  try {
    const { to, page } = (await pages[pathname]?.(sessions.get(id), searchParams)) ?? {
      page: 'There is nothing here.',
    };
    if (to) response.writeHead(303, { location: to }).end();
    else response.end(page);
  } catch (error) {
    // Where a server cannot be reached, the reason is one level down.
    const why = [error.message, error.cause?.message].filter(Boolean).join(': ');
    response.writeHead(500).end(`${why}\n\nOpen ${app} to begin again.`);
  }
})
  .on('error', ({ message }) => {
    console.error(`${message}. End what listens there, or take another port: docs/quickstart.md, step 2, says how.`);
    process.exit(1);
  })
  .listen(Number(PORT), 'localhost', () => console.log(`The application is at ${app}`));
