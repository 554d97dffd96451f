import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { chanceOf } from './chance.mjs';
import { complaints, isOfEdgeAlone } from './judge.mjs';
import { brokenRequest } from './requests.mjs';
import { templatesOf } from './templates.mjs';

const SHOWN = 6;
const AT_ONCE = 6;

/** Before we end our side, which Node takes for leaving: a body that is shorter than it says waits for more until then. */
const PATIENCE_MS = { usual: 1_000, long: 25_000 };
/** Then nothing comes any more. */
const LAST_MS = 60_000;

/** Sends bytes as they are; what came back until the other side ended. */
function send(address, bytes, { authority, patienceMs }) {
  const { hostname, port, protocol } = new URL(address.url);
  return new Promise((resolve) => {
    const parts = [];
    const options = { host: hostname, port: Number(port) };
    const socket =
      protocol === 'https:' ? tls.connect({ ...options, servername: hostname, ca: authority }) : net.connect(options);
    let half;
    // Not before: hands that are still being shaken are no answer that is late.
    socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      half = setTimeout(() => socket.end(), patienceMs);
    });
    const last = setTimeout(() => socket.destroy(), LAST_MS);
    socket.on('data', (part) => parts.push(part));
    socket.on('error', () => undefined); // it may end while we still write
    socket.on('close', () => {
      clearTimeout(half);
      clearTimeout(last);
      resolve(read(Buffer.concat(parts)));
    });
    socket.write(bytes);
  });
}

function read(bytes) {
  let text = bytes.toString('utf8');
  // Go on, it says; what counts comes after.
  text = text.replace(/^(?:HTTP\/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, '');
  const [head = '', rest = ''] = text.split(/\r\n\r\n(.*)/s);
  const body = /^transfer-encoding: chunked/im.test(head)
    ? rest.replaceAll(/^[0-9a-f]+\r\n|\r\n[0-9a-f]+\r\n/gi, '')
    : rest;
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  return { bytes: bytes.length, status: status === undefined ? undefined : Number(status), head, body: body.trim() };
}

const printable = (bytes) =>
  bytes
    .toString('latin1')
    .slice(0, 400)
    .replaceAll(/[^\x20-\x7e]/g, (one) =>
      one === '\n' ? '\n    ' : one === '\r' ? '' : `\\x${one.charCodeAt(0).toString(16)}`,
    );

/**
 * Requests that were right and are broken in some ways, as bytes, for so many seconds or so many of them, whatever is
 * over first. Every answer must have the shape of its API, none may be a 5xx or repeat what was sent. The number of
 * answers that do not hold.
 */
export async function fuzzRaw(address, found, { seconds, requests, seed, isBehindEdge }) {
  const { host } = new URL(address.url);
  const templates = templatesOf(found);
  const authority = address.caFile ? readFileSync(address.caFile) : undefined;
  const began = performance.now();
  const until = began + seconds * 1000;
  const statuses = {};
  const problems = new Map();
  let sent = 0;
  let byEdge = 0;
  const worker = async () => {
    while (sent < requests && performance.now() < until) {
      const number = sent++;
      const chance = chanceOf(seed + number);
      const canary = `cnry_${chance.text('abcdefghijkmnpqrstuvwxyz23456789', 10)}`;
      const request = brokenRequest(chance, chance.one(templates), { canary, host });
      let answer = await send(address, request.bytes, { authority, patienceMs: PATIENCE_MS.usual });
      // On a busy machine an answer takes longer than that now and then, also after "100 Continue".
      if (answer.status === undefined)
        answer = await send(address, request.bytes, { authority, patienceMs: PATIENCE_MS.long });
      const status = answer.status ?? 'none';
      if (isBehindEdge && isOfEdgeAlone(answer, canary)) {
        byEdge++;
        continue;
      }
      statuses[status] = (statuses[status] ?? 0) + 1;
      for (const complaint of complaints(request, answer, canary)) {
        const known = problems.get(complaint) ?? [];
        problems.set(complaint, [...known, { number, request, answer }]);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  let failed = 0;
  for (const [complaint, cases] of problems) {
    failed += cases.length;
    console.log(`-- ${complaint}: ${cases.length}`);
    const shown = new Map(cases.map((one) => [`${one.request.method} ${one.request.path.slice(0, 40)}`, one]));
    for (const { number, request, answer } of [...shown.values()].slice(0, SHOWN))
      console.log(
        `  seed ${seed + number}\n    ${printable(request.bytes)}\n  →\n    ${printable(Buffer.from(`${answer.head}\n\n${answer.body}`))}`,
      );
  }
  const counts = Object.entries(statuses)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');
  const edge = isBehindEdge ? `, the edge's parser: ${byEdge}` : '';
  console.log(
    `raw bytes: ${sent} requests in ${Math.round((performance.now() - began) / 1000)} s from seed ${seed}: ${counts}${edge}; ${failed} that must not be`,
  );
  return failed;
}
