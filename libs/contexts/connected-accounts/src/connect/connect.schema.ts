import { isScope } from '@strongroom/providers';
import { z } from 'zod';
import { isUsableRedirectUri } from './redirect-uri.js';

const CONTROL = /\p{Cc}/u;
/** Half of a surrogate pair: cannot be given back byte for byte. */
const BROKEN = /\p{Cs}/u;

/** Text without control characters: the database and providers take nothing else. */
const text = (max: number, min = 0) =>
  z
    .string()
    .min(min)
    .max(max)
    .refine((value) => !CONTROL.test(value) && !BROKEN.test(value), 'must not contain control characters');

const CODE_CHARACTERS = /^[A-Za-z0-9._~-]+$/;
/** RFC 7636 §4.1 and §4.2. */
const pkce = z.string().min(43).max(128).regex(CODE_CHARACTERS, 'must consist of unreserved characters');

const redirectUri = z.string().min(1).max(2048).refine(isUsableRedirectUri, 'must be an absolute URI without fragment');

/** A client library sends every value as a string. */
const seconds = z.union([
  z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number of seconds')
    .transform(Number),
]);

const known = {
  acr_values: text(1024).optional(),
  audience: text(512).optional(),
  resource: text(512).optional(),
  display: z.enum(['page', 'popup', 'touch', 'wap']).optional(),
  id_token_hint: text(4096).optional(),
  login_hint: text(255).optional(),
  max_age: seconds.optional(),
  prompt: z.enum(['none', 'login', 'consent', 'select_account']).optional(),
  ui_locales: text(1024).optional(),
};
/** What every connection takes; whether it goes out is the entry's to say. */
export const AUTHORIZATION_PARAMS: readonly string[] = Object.keys(known);

/** Closed too, but which further names there are only the provider's entry knows: see `flow-params.ts`. */
const authorizationParams = z.looseObject(known).catchall(text(255));

const ONE_SCOPE = 'must be one scope of at most 189 characters, without spaces, quotes or control characters';

/** `spec/wire-contract.md` §2.1. */
export const connectBody = z
  .strictObject({
    connection: text(128, 1),
    redirect_uri: redirectUri,
    state: z
      .string()
      .min(1)
      .max(4096)
      .refine((value) => !BROKEN.test(value), 'must be well-formed Unicode')
      .optional(),
    code_challenge: pkce.optional(),
    code_challenge_method: z.literal('S256').optional(),
    scopes: z
      .array(z.string().min(1).max(255).refine(isScope, ONE_SCOPE))
      .min(1)
      .max(100)
      .refine((scopes) => new Set(scopes).size === scopes.length, 'must not contain a scope twice')
      .optional(),
    authorization_params: authorizationParams.optional(),
    connected_account_id: z
      .string()
      .max(64)
      .regex(/^cac_[A-Za-z0-9]+$/, 'must be the id of a connected account')
      .optional(),
  })
  .superRefine((body, context) => {
    const method = body.code_challenge_method !== undefined;
    if ((body.code_challenge !== undefined) !== method)
      context.addIssue({
        code: 'custom',
        path: [method ? 'code_challenge' : 'code_challenge_method'],
        message: 'code_challenge and code_challenge_method belong together',
      });
  });
export type ConnectBody = z.output<typeof connectBody>;

/** `spec/wire-contract.md` §2.3. */
export const completeBody = z.strictObject({
  auth_session: z.string().min(1).max(64),
  connect_code: z.string().min(1).max(46),
  redirect_uri: z.string().min(1).max(2048),
  code_verifier: pkce.optional(),
});
export type CompleteBody = z.output<typeof completeBody>;

/** `spec/wire-contract.md` §2.1: what the app takes the person's browser on with. */
export const begunAnswer = z.strictObject({
  auth_session: z.string().max(64),
  connect_uri: z.url(),
  connect_params: z.strictObject({ ticket: z.string() }),
  expires_in: z.int().min(1),
});
