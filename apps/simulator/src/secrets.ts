import { createHash, randomBytes } from 'node:crypto';

export type SecretKind = 'at' | 'rt' | 'code' | 'jti';

/** Every secret of the simulator starts with `cnry_`, so that a search for leaks knows what to look for. */
export const newSecret = (kind: SecretKind): string => `cnry_${kind}_${randomBytes(24).toString('base64url')}`;

export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

const fingerprint = (secret: string): string => createHash('sha256').update(secret).digest('hex').slice(0, 12);

const SECRET_MEMBERS = ['code_verifier', 'client_secret', 'code', 'refresh_token', 'access_token', 'token'];

/** What was sent, good for printing: secrets are replaced by the beginning of their hash. */
export const redacted = (parameters: Iterable<[string, string]>): Record<string, string> =>
  Object.fromEntries(
    [...parameters].map(([name, value]) => [
      name,
      SECRET_MEMBERS.includes(name)
        ? `redacted:${fingerprint(value)}`
        : value.replace(/cnry_[\w-]+/g, (secret) => `redacted:${fingerprint(secret)}`),
    ]),
  );
