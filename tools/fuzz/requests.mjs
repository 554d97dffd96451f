import { oddValues } from './odd-values.mjs';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const pairs = (members) => Object.entries(members ?? {}).map(([name, value]) => [name, String(value)]);
const joined = (all) => all.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&');
/** Halves of pairs too, which `encodeURIComponent` does not take. */
const escaped = (text) =>
  [...Buffer.from(text, 'utf8')]
    .map((byte) =>
      /[\w.~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`,
    )
    .join('');

/** A right request to `host` made wrong in one to three ways, as the bytes that are sent. */
export function brokenRequest(chance, template, { canary, host }) {
  const odd = oddValues(chance, canary);
  const request = started(template, host);
  for (let i = 1 + chance.below(3); i > 0; i--)
    chance.one([members, members, members, headers, body, line])(request, chance, odd, canary);
  return finished(request);
}

function started({ method, path, query, form, json, token, basic }, host) {
  const type = form ? FORM : json ? JSON_TYPE : undefined;
  return {
    ...{ method, path, version: 'HTTP/1.1', token },
    query: pairs(query),
    form: form && pairs(form),
    json: json && structuredClone(json),
    body: undefined,
    headers: [
      ['host', host],
      ['connection', 'close'],
      ...(type ? [['content-type', type]] : []),
      ...(token ? [['authorization', `Bearer ${token}`]] : []),
      ...(basic ? [['authorization', `Basic ${Buffer.from(basic).toString('base64')}`]] : []),
    ],
  };
}

function members(request, chance, odd) {
  const { json } = request;
  if (json) {
    const name = chance.one(Object.keys(json)) ?? 'a';
    chance.one([
      () => (json[name] = odd.json(typeof json[name] === 'string' ? json[name] : undefined)),
      () => delete json[name],
      () => (json[odd.name()] = odd.json()),
    ])();
    return;
  }
  const all = request.form ?? request.query;
  if (all.length === 0) return all.push([odd.name(), odd.text()]);
  const at = chance.below(all.length);
  chance.one([
    () => (all[at][1] = odd.text(all[at][1])),
    () => (all[at][1] = odd.jwt(all[at][1])),
    () => all.splice(at, 1),
    () => all.push([...all[at]]),
    () => all.push([all[at][0], odd.text()]),
    () => (all[at][0] = odd.name()),
    () => all.push(...Array.from({ length: chance.one([20, 21, 32, 33, 200]) }, () => [odd.name(), 'x'])),
  ])();
}

function headers(request, chance, odd, canary) {
  const add = (name, value) => request.headers.push([name, value]);
  const replace = (name, value) => {
    request.headers = request.headers.filter(([one]) => one !== name);
    add(name, value);
  };
  chance.one([
    () =>
      replace(
        'authorization',
        `${chance.one(['Bearer', 'DPoP', 'Basic', 'bearer', 'Negotiate', ''])} ${oneLine(odd.text(request.token))}`,
      ),
    () => replace('authorization', `Bearer ${oneLine(odd.jwt(request.token))}`),
    () => replace('authorization', `Basic ${Buffer.from(odd.text()).toString('base64')}`),
    () => add('dpop', oneLine(odd.jwt())),
    () =>
      replace(
        'content-type',
        chance.one([
          FORM,
          JSON_TYPE,
          'text/plain',
          'multipart/form-data; boundary=x',
          `${FORM};charset=utf-16`,
          `x/${canary}`,
          '',
        ]),
      ),
    () => add('content-encoding', chance.one(['gzip', 'br', 'identity', canary])),
    () => add('transfer-encoding', chance.one(['chunked', 'gzip, chunked', 'identity', canary])),
    () => add('content-length', chance.one(['0', '5', '-1', '1e3', '99999999999999999999', ''])),
    () => add('expect', chance.one(['100-continue', canary])),
    () => add('upgrade', chance.one(['websocket', 'h2c'])),
    () => add('cookie', oneLine(chance.one([`_session=${canary}`, `__Host-session=${canary}; a`, '=;=;', odd.text()]))),
    () => add('origin', chance.one(['null', `https://${canary}.example`, 'http://localhost'])),
    () => add('x-forwarded-for', chance.one([canary, '::1', '1.2.3.4, 5.6.7.8'])),
    () => add('host', chance.one(['', 'evil.example', canary])),
    () => add('client-cert', `:${Buffer.from(canary).toString('base64')}:`),
    () => add('auth0-client', oneLine(odd.text())),
    () => add('traceparent', canary),
    () => add('accept-language', oneLine(odd.text())),
    () => add(`x-${canary}`, 'x'.repeat(chance.one([1, 4096, 16384, 70000]))),
    () => request.headers.push(...Array.from({ length: chance.one([90, 120, 2500]) }, (_, i) => [`x-${i}`, '1'])),
    () => (request.headers = request.headers.filter(([name]) => name !== 'host')),
  ])();
}

/** What a line may have in it; the line itself is broken elsewhere. */
const oneLine = (text) => text.replaceAll(/[\r\n\0]/g, ' ');

function body(request, chance, odd, canary) {
  const { form, json } = request;
  const right = Buffer.from(json ? JSON.stringify(json) : form ? joined(form) : '');
  const at = chance.below(right.length + 1);
  request.body = chance.one([
    () => right.subarray(0, at),
    () => Buffer.concat([right.subarray(0, at), chance.bytes(3), right.subarray(at)]),
    () => chance.bytes(chance.one([1, 100, 5000])),
    () => Buffer.from(json ? `{"a":${'['.repeat(chance.one([20, 21, 5000]))}` : canary),
    () => Buffer.from(JSON.stringify(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [i, canary])))),
    () => Buffer.from('['.repeat(25) + ']'.repeat(25)),
    () => Buffer.from(`{"a":"${canary}","a":"${canary}"}`),
    () => Buffer.from('{"__proto__":{"admin":true}}'),
    () => Buffer.concat([Buffer.from('\ufeff'), right]),
    () => Buffer.from(right.toString('utf8'), 'utf16le'),
    () => Buffer.alloc(chance.one([32 * 1024, 32 * 1024 + 1, 64 * 1024 + 1, 256 * 1024 + 1]), 'a'),
    () => Buffer.from([0x1f, 0x8b, 8, 0, ...chance.bytes(20)]),
    () => Buffer.from(`a=%&b=%zz&c=%ff&${canary}`),
    () => Buffer.from('null'),
    () => Buffer.alloc(0),
  ])();
}

function line(request, chance, odd, canary) {
  chance.one([
    () =>
      (request.method = chance.one([
        'GET',
        'POST',
        'PUT',
        'PATCH',
        'DELETE',
        'HEAD',
        'OPTIONS',
        'TRACE',
        'PROPFIND',
        'QUERY',
        'BREW',
      ])),
    () =>
      (request.path += chance.one([
        '/',
        '//',
        '/..',
        '/%2e%2e',
        `/${canary}`,
        '%00',
        '%',
        '%E0',
        ';a=b',
        '?',
        '#',
        '%2F',
        '\\',
      ])),
    () => (request.path = request.path.replace(/[^/]*$/, escaped(odd.text()))),
    () => (request.path = `/${canary}${request.path}`),
    () => (request.path = `https://evil.example${request.path}`),
    () => (request.path = chance.one(['*', '', '/', '/rpc/Bearer/check', '/metrics', '/.env', '/dashboard'])),
    () => (request.version = chance.one(['HTTP/1.0', 'HTTP/1.1', 'HTTP/0.9', 'HTTP/9.9', canary, ''])),
    () => (request.path = request.path.toUpperCase()),
  ])();
}

function finished({ method, path, version, query, form, json, body: sent, headers: all }) {
  const payload = sent ?? Buffer.from(json ? JSON.stringify(json) : form ? joined(form) : '');
  const framed = all.some(([name]) => name === 'transfer-encoding' || name === 'content-length');
  const target = query.length > 0 ? `${path}${path.includes('?') ? '&' : '?'}${joined(query)}` : path;
  const lines = [
    `${method} ${target} ${version}`,
    ...all.map(([name, value]) => `${name}: ${value}`),
    ...(payload.length > 0 && !framed ? [`content-length: ${payload.length}`] : []),
  ];
  return { method, path, bytes: Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), payload]) };
}
