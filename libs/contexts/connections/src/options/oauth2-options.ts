import { z } from 'zod';
import { address, parameters, shortText } from './option-values.js';

const OURS = /^(?:authorization|cookie|host|connection|content-.*|transfer-.*|proxy-.*)$/i;

const headerValue = z
  .string()
  .max(4096)
  .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII');

const headers = z.record(z.string().max(128), headerValue).superRefine((given, context) => {
  for (const name of Object.keys(given)) {
    if (!/^[\w-]+$/.test(name))
      context.addIssue({ code: 'custom', path: [name], message: 'is no header name: letters, digits, - and _ only' });
    else if (OURS.test(name))
      context.addIssue({
        code: 'custom',
        path: [name],
        message:
          'is set by Strongroom itself; credentials belong into client_id and client_secret, leave this header out',
      });
  }
});

const scripts = z.looseObject({
  fetchUserProfile: z.string().max(51_200).nullish(),
  getLogoutUrl: z.string().max(51_200).nullish(),
});

/** A provider that the administrator describes, under the names that set-up scripts use for it. */
export const oauth2Options = {
  authorizationURL: address,
  tokenURL: address,
  userInfoURL: address,
  logoutUrl: address,
  icon_url: address,
  useOauthSpecScope: z.boolean().nullish(),
  pkce_enabled: z.boolean().nullish(),
  authParams: parameters(
    z.union([shortText, z.number(), z.boolean()], {
      error: 'must be a string of at most 2048 characters, a number or a boolean; leave it out where it has no value',
    }),
  ),
  authParamsMap: parameters(shortText),
  customHeaders: headers.nullish(),
  fieldsMap: z.record(z.string().max(128), z.string().max(512)).nullish(),
  scripts: scripts.nullish(),
  non_persistent_attrs: z.array(z.string().max(255)).max(100).nullish(),
};
