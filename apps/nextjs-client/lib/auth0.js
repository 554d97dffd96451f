import { Auth0Client } from '@auth0/nextjs-auth0/server';

export const auth0 = new Auth0Client({
  // A vault on your own machine has a port in its address, which the library calls insecure; a public one has none.
  allowInsecureRequests: /:\d+$/.test(process.env.AUTH0_DOMAIN ?? ''),
  enableConnectAccountEndpoint: true,
});
