import { z } from 'zod';

const later = z.unknown().refine(() => false, 'is not in the first release');

/** Members that act later, or are only to be kept then (`spec/wire-contract.md` §3.10). */
const LATER = [
  ...['session_lifetime', 'idle_session_lifetime', 'session_lifetime_in_minutes', 'idle_session_lifetime_in_minutes'],
  ...['friendly_name', 'picture_url', 'support_email', 'support_url', 'allowed_logout_urls'],
  ...['customize_mfa_in_postlogin_action', 'default_directory', 'default_redirection_uri', 'enabled_locales', 'flags'],
  ...['error_page', 'change_password', 'guardian_mfa_page', 'device_flow', 'sessions', 'session_cookie', 'oidc_logout'],
  ...[
    'ephemeral_session_lifetime',
    'idle_ephemeral_session_lifetime',
    'sandbox_version',
    'acr_values_supported',
    'mtls',
  ],
  ...['pushed_authorization_requests_supported', 'authorization_response_iss_parameter_supported'],
  'allow_organization_name_in_authentication_api',
];

export const changedSettings = z.strictObject({
  ...Object.fromEntries(LATER.map((member) => [member, later.optional()])),
  default_audience: z.string().max(600).optional(),
  require_mfa_at_login: z.boolean().optional(),
});
export type ChangedSettings = Pick<z.output<typeof changedSettings>, 'default_audience' | 'require_mfa_at_login'>;

export const shownSettings = z.strictObject({ default_audience: z.string(), require_mfa_at_login: z.boolean() });

export const mfaPolicies = z
  .array(
    z.literal('all-applications', {
      error: ({ input }) =>
        input === 'confidence-score' ? 'confidence-score is not in the first release' : 'must be all-applications',
    }),
  )
  .max(1, 'holds at most one policy');
export type MfaPolicies = z.output<typeof mfaPolicies>;
