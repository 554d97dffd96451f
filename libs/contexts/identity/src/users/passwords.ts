import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

interface Hashed {
  memory: number;
  passes: number;
  parallelism: number;
  salt: Buffer;
  tag: Buffer;
}

/** What new hashes cost: 19 MiB, two passes. Old hashes carry their own numbers. */
const COST = { memory: 19 * 1024, passes: 2, parallelism: 1 };

/** Compared with when there is no hash, so that an unknown person takes as long as a known one. */
const NOBODY: Hashed = { ...COST, salt: randomBytes(16), tag: randomBytes(32) };

/** Passwords as argon2id hashes, in the PHC string format. */
export class Passwords {
  async hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    const tag = await tagOf(password, { ...COST, salt, tag: NOBODY.tag });
    const { memory, passes, parallelism } = COST;
    return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
  }

  /** False without a hash, after the same work. */
  async verify(hash: string | null, password: string): Promise<boolean> {
    const stored = (hash === null ? null : read(hash)) ?? NOBODY;
    const isEqual = timingSafeEqual(await tagOf(password, stored), stored.tag);
    return isEqual && stored !== NOBODY;
  }
}

/** NFKC, so that the same password typed on two keyboards is the same bytes. */
const tagOf = (password: string, { memory, passes, parallelism, salt, tag }: Hashed): Promise<Buffer> =>
  derive('argon2id', {
    message: Buffer.from(password.normalize('NFKC'), 'utf8'),
    nonce: salt,
    memory,
    passes,
    parallelism,
    tagLength: tag.length,
  });

function read(hash: string): Hashed | null {
  const found = PHC.exec(hash);
  if (!found) return null;
  const [memory, passes, parallelism] = found.slice(1, 4).map(Number) as [number, number, number];
  return {
    memory,
    passes,
    parallelism,
    salt: Buffer.from(found[4]!, 'base64'),
    tag: Buffer.from(found[5]!, 'base64'),
  };
}

/** PHC strings have no padding. */
const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
