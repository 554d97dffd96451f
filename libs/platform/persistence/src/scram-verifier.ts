import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

const ITERATIONS = 4096;

/**
 * What Postgres keeps of a password (RFC 5803). Sent instead of the password, which a statement would carry in clear
 * into the server's log.
 *
 * @throws Error for a password that clients may spell in more than one way.
 */
export function scramVerifier(password: string): string {
  if (!/^[\x21-\x7e]{12,}$/.test(password))
    throw new Error('a database password must be 12 or more printable ASCII characters without spaces');
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`;
}
