import { auth0 } from '../lib/auth0';

// What is connected, and no more of it.
export default async function Page() {
  const session = await auth0.getSession();
  if (!session) return <a href="/auth/login">Log in</a>;
  const accounts = await auth0.getConnectedAccounts();
  return (
    <main>
      <h1>{session.user.email}</h1>
      <ul>
        {accounts.map(({ id, connection, scopes }) => (
          <li key={id}>{`${connection}: ${scopes.join(' ')}`}</li>
        ))}
      </ul>
      <a href="/provider">Call the provider</a>
      <form action="/disconnect" method="post">
        <button>Disconnect</button>
      </form>
      <a href="/auth/logout">Log out</a>
    </main>
  );
}
