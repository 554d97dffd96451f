import type { EgressRequest } from '@strongroom/egress';
import { formEncode } from './encoding.js';
import type { Members } from './client-authentication.js';

/** Form members keep their order; some providers and every recorded request care. */
export const bodyOf = (
  encoding: 'form' | 'json',
  members: Members,
): { headers: Record<string, string>; body: NonNullable<EgressRequest['body']> } =>
  encoding === 'json'
    ? { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(Object.fromEntries(members)) }
    : { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: formEncode(members) };
