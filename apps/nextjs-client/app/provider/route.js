import { NextResponse } from 'next/server';
import { auth0 } from '../../lib/auth0';

// Call the provider, or send the person to connect an account first.
export async function GET(request) {
  const connection = process.env.CONNECTION;
  try {
    // A response that is thrown away: what is handed in keeps the token in the session, after a disconnect too.
    const { token } = await auth0.getAccessTokenForConnection({ connection }, request, new NextResponse());
    const headers = { authorization: `Bearer ${token}` };
    return NextResponse.json(await (await fetch(process.env.PROVIDER_API, { headers })).json());
  } catch ({ code, cause }) {
    if (cause?.code === 'federated_connection_refresh_token_not_found')
      return auth0.connectAccount({ connection, returnTo: '/provider' });
    return NextResponse.json({ code, cause: cause?.code }, { status: 502 });
  }
}
