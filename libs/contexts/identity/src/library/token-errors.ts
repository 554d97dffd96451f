import type { VaultError } from '@strongroom/errors';
import { errorAnswer } from '@strongroom/http';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { doorPass } from '../door/door-pass.js';

/** A refusal of ours in the library's words, which its error handler understands. */
export function libraryError(refusal: VaultError): errors.CustomOIDCProviderError {
  const { code, message, status } = refusal;
  const pass = doorPass.getStore();
  if (pass) pass.refusal = refusal;
  const error = new errors.CustomOIDCProviderError(code, message);
  return Object.assign(error, { status, statusCode: status });
}

const VAGUE = 'grant request is invalid';

/** What the library refuses without a word. */
const UNSAID: Readonly<Record<string, string>> = {
  request_not_supported: 'Request objects are not offered: send the parameters themselves.',
  request_uri_not_supported: 'A pushed request cannot name another one: send the parameters themselves.',
  registration_not_supported: 'Clients do not register themselves: leave registration away.',
};

/** Shapes the library's errors at the endpoints that clients call by `spec/wire-contract.md` §1.8. */
export async function tokenErrors(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next();
  if (ctx.path !== '/oauth/token' && ctx.path !== '/oauth/par') return;
  ctx.remove('www-authenticate');
  const { refusal, failure } = doorPass.getStore() ?? {};
  const thrown = failure ?? (refusal?.status === ctx.status ? refusal : undefined);
  if (thrown) {
    const { status, headers, body } = errorAnswer(ctx.path, thrown);
    ctx.status = status;
    ctx.set(headers);
    ctx.body = body;
    return;
  }
  const body = ctx.body as { error?: string; error_description?: string } | undefined;
  if (body?.error && !body.error_description)
    ctx.body = { ...body, error_description: UNSAID[body.error] ?? 'The request cannot be served.' };
  if (body?.error === 'invalid_grant' && body.error_description === VAGUE)
    ctx.body = {
      ...body,
      error_description:
        'The code is unknown, expired or used, or redirect_uri or code_verifier do not belong to it. Sign in again.',
    };
}
