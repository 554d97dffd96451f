import { z } from 'zod';

const HARMFUL = new Set(['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:']);

/** Compared as strings later, so it must be one address: absolute, no fragment, no wildcard (`spec/threats.md` A8). */
export const callbackUri = z
  .string()
  .max(2048)
  .refine(isOneAddress, 'must be an absolute URI without fragment, wildcard or user name');

/** Scheme, host and port, as browsers write `Origin`. */
export const webOrigin = z
  .string()
  .max(300)
  .refine((value) => isOneAddress(value) && new URL(value).origin === value, 'must be an origin: scheme, host, port');

function isOneAddress(value: string): boolean {
  if (!URL.canParse(value) || /[\s*#\\]/.test(value)) return false;
  const { protocol, username, password, host } = new URL(value);
  if (HARMFUL.has(protocol) || username || password) return false;
  return !/^https?:$/.test(protocol) || host !== '';
}
