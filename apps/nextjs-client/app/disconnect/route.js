import { auth0 } from '../../lib/auth0';

export async function POST() {
  await auth0.disconnectAccount({ connection: process.env.CONNECTION });
  return Response.redirect(process.env.APP_BASE_URL, 303);
}
