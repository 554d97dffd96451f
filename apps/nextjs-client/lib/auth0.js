import { Auth0Client } from '@auth0/nextjs-auth0/server';

export const auth0 = new Auth0Client({
  // A vault on your own machine has a port in its address, which the library calls insecure; a public one has none.
  allowInsecureRequests: /:\d+$/.test(process.env.AUTH0_DOMAIN ?? ''),
  enableConnectAccountEndpoint: true,
  // The library gives up after five seconds, while the vault may still be waiting for the provider.
  httpTimeout: 60_000,
});
