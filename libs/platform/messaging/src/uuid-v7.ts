import { randomUUID } from 'node:crypto';

/** RFC 9562 §5.7: sorts by the millisecond it was made in, the rest is random. Node keeps randomness for `randomUUID` ready. */
export function uuidV7(now: number = Date.now()): string {
  const time = now.toString(16).padStart(12, '0');
  const afterVersion = randomUUID().slice(15);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${afterVersion}`;
}
