import { auth0 } from './lib/auth0';

// /auth/login, /auth/callback, /auth/logout, and /auth/connect?connection=…&scopes=…&returnTo=…
export const middleware = (request) => auth0.middleware(request);
export const config = { matcher: ['/((?!_next/static|_next/image|favicon.ico).*)'] };
