import type { Request } from './http.js';
import type { ProviderSettings } from './settings.js';

/** True only for the registered client by exactly one method, Basic or in the body (RFC 6749 §2.3.1). */
export function isClient(request: Request, form: URLSearchParams, settings: ProviderSettings): boolean {
  const authorization = request.headers.authorization;
  if (authorization !== undefined) {
    if (form.has('client_secret') || !/^basic /i.test(authorization)) return false;
    const pair = Buffer.from(authorization.slice(6), 'base64').toString('utf8');
    const [id, secret] = [pair.slice(0, pair.indexOf(':')), pair.slice(pair.indexOf(':') + 1)].map(formDecoded);
    return id === settings.clientId && secret === settings.clientSecret;
  }
  return form.get('client_id') === settings.clientId && form.get('client_secret') === settings.clientSecret;
}

const formDecoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};
