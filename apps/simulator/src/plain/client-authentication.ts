import type { Request } from '../http.js';
import { formDecoded } from '../members.js';
import type { ProviderSettings } from '../settings.js';

/** True only for the registered client by exactly one method, Basic or in the body (RFC 6749 §2.3.1). */
export function isClient(request: Request, form: Record<string, string>, settings: ProviderSettings): boolean {
  const authorization = request.headers.authorization;
  if (authorization !== undefined) {
    if (form['client_secret'] !== undefined || !/^basic /i.test(authorization)) return false;
    const pair = Buffer.from(authorization.slice(6), 'base64').toString('utf8');
    const [id, secret] = [pair.slice(0, pair.indexOf(':')), pair.slice(pair.indexOf(':') + 1)].map(formDecoded);
    return id === settings.clientId && secret === settings.clientSecret;
  }
  return form['client_id'] === settings.clientId && form['client_secret'] === settings.clientSecret;
}
