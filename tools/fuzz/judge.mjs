const PAGES = /^\/(?:u|authorize|connect|connected-accounts|login|oidc\/logout|v2\/logout)(?:[/?]|$)/;
const INNER =
  /FST_ERR|HPE_|ERR_[A-Z_]{4}|node_modules|\bat [\w.<>]+ \(|file:\/\/|QueryFailed|SELECT .+ FROM|TypeError|SyntaxError/;

/** What Node reads at once without TLS: of a head that goes on nobody knows whom it was for, once it is refused. */
const READ_AT_ONCE = 64 * 1024;

const isText = (value) => typeof value === 'string' && value !== '';
const SHAPES = {
  management: ({ statusCode, error, message }, status) => statusCode === status && isText(error) && isText(message),
  problem: ({ type, title, status: said, detail }, status) =>
    isText(type) && isText(title) && said === status && isText(detail),
  oauth: ({ error, error_description: description }) => isText(error) && isText(description),
};

/** What is wrong with an answer; empty: nothing. */
export function complaints({ method, path: asked, bytes }, answer, canary) {
  const path = asked.replace(/^https?:\/\/[^/?]*/, '').split(/[?#]/)[0] || '/';
  const { status, head, body } = answer;
  if (!Number.isInteger(status)) return answer.bytes === 0 && method === 'CONNECT' ? [] : ['no answer'];
  const found = [];
  if (status >= 500) found.push(`${status}`);
  if (INNER.test(body)) found.push('says what it is made of');
  if (status < 400) return found;
  // `spec/wire-contract.md` §1.8 wants the value named, §3 the member that does not belong.
  const repeats =
    !/"error":"(?:unsupported_grant_type|invalid_scope)"|is not a member of this request/.test(body) &&
    `${head}${body}`.includes(canary);
  if (repeats) found.push('repeats what was sent');
  if (!/^x-content-type-options: nosniff/im.test(head)) found.push('no nosniff');
  if (!/^cache-control: .*no-store/im.test(head)) found.push('may be cached');
  if (method === 'HEAD') return found;
  if (/^content-type: text\/html/im.test(head)) {
    if (!PAGES.test(path)) found.push('a page where none is');
    if (!/^content-security-policy: .*frame-ancestors 'none'/im.test(head)) found.push('a page that may be framed');
  } else if (!hasShape(bytes.indexOf('\r\n\r\n') > READ_AT_ONCE ? '' : path, status, body)) found.push('has no shape');
  return found;
}

/**
 * What the edge's parser refuses, or its check of the host against the name of the connection, before any route of the
 * edge: in Go's words, which are few and hold nothing of the request.
 */
export function isOfEdgeAlone({ status, head, body }, canary) {
  if (![400, 417, 421, 431, 501, 505].includes(status) || /^x-content-type-options:/im.test(head)) return false;
  const isEmpty = body === '' && /^content-length: 0/im.test(head);
  const isGo = /^content-type: text\/plain/im.test(head) && /^(?:\d{3} )?[A-Z][\w -]+(?:: [a-z][\w -]+)?$/.test(body);
  return (isEmpty || isGo) && !`${head}${body}`.includes(canary);
}

function hasShape(path, status, body) {
  try {
    const value = JSON.parse(body);
    if (/^\/api\/v2(?:[/?]|$)/.test(path)) return SHAPES.management(value, status);
    if (/^\/me(?:[/?]|$)/.test(path)) return SHAPES.problem(value, status);
    return SHAPES.oauth(value, status) || SHAPES.management(value, status) || SHAPES.problem(value, status);
  } catch {
    return false;
  }
}
