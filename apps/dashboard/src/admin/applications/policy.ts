import { textOf, wordsOf } from '../parts/words.js';
import type { VaultPolicy } from './applications.queries.js';

/** It comes whole: what is not bounded is left out, an empty list lets nothing through, and no bounds are no policy. */
export function policyOf(values: FormData): VaultPolicy | null {
  const perMinute = textOf(values.get('exchanges_per_minute'));
  const until = textOf(values.get('expires_at'));
  const policy: VaultPolicy = {
    ...(values.get('bound_connections') === null ? {} : { connections: values.getAll('connection').map(String) }),
    ...(values.get('bound_scopes') === null ? {} : { scopes: wordsOf(values.get('scopes')) }),
    ...(perMinute === '' ? {} : { exchanges_per_minute: Number(perMinute) }),
    ...(until === '' ? {} : { expires_at: new Date(until).toISOString() }),
  };
  return Object.keys(policy).length > 0 ? policy : null;
}

/** As a field of the browser takes an instant: in the time of this machine, without its zone, to the minute before. */
export function localTime(instant: string | undefined): string {
  if (instant === undefined) return '';
  const at = new Date(instant);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
