import type { Call, Fault } from '../dialect.js';
import { filled, placeholdersOf } from './addresses.js';
import type { Entry } from './entry.js';

/** What is wrong with a token request, client and grant aside. */
export function tokenRequestFault(entry: Entry, call: Call): Fault | null {
  const { tokenRequest: how } = entry;
  const sent = call.members.values;
  const isRefresh = call.phase === 'refresh';
  const encoding = isRefresh ? (how.refreshEncoding ?? how.encoding) : how.encoding;
  if (call.request.method !== 'POST' || sent === null || call.members.encoding !== encoding) return 'bad_request';
  if (!hasHeaders(call, how.headers)) return 'bad_request';
  if ((call.role === 'refresh') !== (isRefresh && entry.endpoints.refresh !== undefined)) return 'bad_request';
  const wanted = isRefresh ? how.refreshGrantType : 'authorization_code';
  if ((sent['grant_type'] ?? null) !== wanted) return 'bad_grant_type';
  if (!hasMembers(sent, isRefresh ? how.refreshParams : how.exchangeParams)) return 'bad_request';
  if (!sent[isRefresh ? 'refresh_token' : 'code']) return 'bad_request';
  return isRefresh && how.refreshScope === 'always' && !sent['scope'] ? 'bad_request' : null;
}

/** Every header with exactly this value; of what only the flow knows, any. */
export const hasHeaders = ({ request, params }: Call, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([name, template]) => {
    const sent = request.headers[name.toLowerCase()];
    const value = filled(template, params);
    return placeholdersOf(value).length > 0 ? Boolean(sent) : sent === value;
  });

const hasMembers = (sent: Record<string, string>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([name, value]) => (value.includes('{') ? Boolean(sent[name]) : sent[name] === value));
