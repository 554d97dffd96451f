import { createHash, randomBytes } from 'node:crypto';

export type SecretKind = 'at' | 'rt' | 'code' | 'jti' | 'other' | 'cs';

/** Every secret of the simulator starts with `cnry_`, so that a search for leaks knows what to look for. */
export const newSecret = (kind: SecretKind): string => `cnry_${kind}_${randomBytes(24).toString('base64url')}`;

export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

const fingerprint = (secret: string): string => createHash('sha256').update(secret).digest('hex').slice(0, 12);

const SECRET_MEMBERS = [
  'code_verifier',
  'client_secret',
  'client_assertion',
  'assertion',
  'code',
  'refresh_token',
  'access_token',
  'id_token_hint',
  'request_uri',
  'token',
];

const hidden = (secret: string): string => `redacted:${fingerprint(secret)}`;

/** `secrets` and whatever looks like one of ours, replaced by the beginning of their hash. */
export const redactedText = (text: string, secrets: readonly string[] = []): string =>
  secrets
    .filter((secret) => secret !== '')
    .reduce(
      (left, secret) => left.replaceAll(secret, hidden(secret)).replaceAll(encodeURIComponent(secret), hidden(secret)),
      text,
    )
    .replace(/cnry_[^\s&"'<>]+/g, hidden);

/** What was sent, good for printing. */
export const redacted = (
  parameters: Iterable<[string, string]>,
  secrets: readonly string[] = [],
): Record<string, string> =>
  Object.fromEntries(
    [...parameters].map(([name, value]) => [
      name,
      SECRET_MEMBERS.includes(name) ? hidden(value) : redactedText(value, secrets),
    ]),
  );
