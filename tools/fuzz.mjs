// Sends a running server what it should not be sent. First bytes: forms, JSON, heads and tokens that are broken, for ten
// minutes: no 5xx, every refusal in the shape of its API, none that repeats what was sent. Then requests that schemathesis
// makes of docs/openapi.json: no 5xx, and no answer that the file does not have. The server is one of our own, or what
// STRONGROOM_TEST_URL and its companions name. Needs a build. Through the edge, with Redis, Kafka and Caddy beside it:
//   . .ci/services.sh; STRONGROOM_TEST_MODE=distributed STRONGROOM_FUZZ=bytes node tools/run.mjs node tools/fuzz.mjs; stop_services
// What Go's parser there refuses is told apart: it is plain text, and no header of ours is on it.
//   STRONGROOM_TEST_MODE      `distributed`: the server, also one that STRONGROOM_TEST_URL names, is behind the edge
//   STRONGROOM_FUZZ           `short`: some bytes, and a few made-up requests per operation, without going through the
//                             limits of each member; `bytes`: the bytes alone
//   STRONGROOM_FUZZ_SECONDS   of bytes; 600, short as long as it takes
//   STRONGROOM_FUZZ_REQUESTS  of bytes, at most; short 2000, which no machine's speed changes
//   STRONGROOM_FUZZ_EXAMPLES  made-up requests per operation; 100, short 10
//   STRONGROOM_FUZZ_SEED      repeats a run; short: always the same, so that it tells of a change and not of luck
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addressFromEnvironment,
  Installation,
  isDistributed,
  startServer,
  startSimulator,
} from '../apps/e2e/dist/driver/index.js';
import { fuzzRaw } from './fuzz/raw.mjs';
import { run, schemathesis } from './fuzz/schemathesis.mjs';
import { setUp } from './fuzz/set-up.mjs';

const FILE = join(import.meta.dirname, '../docs/openapi.json');
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

/**
 * In this order, because what comes later takes more away. Left out, for they would only stop the rest:
 * the third rotation of the signing keys and a revocation end the very token that asks, and each rekey seals everything anew.
 */
const PARTS = [
  { tag: 'Authorization server' },
  { tag: 'Authorization server', authorization: ({ client }) => `Basic ${btoa(`${client.id}:${client.secret}`)}` },
  { tag: 'Authorization server', authorization: ({ person }) => `Bearer ${person}` },
  { tag: 'Pages' },
  { tag: 'My Account API', token: 'myAccount' },
  { tag: 'Management API', token: 'management' },
];
const LEFT_OUT = ['/api/v2/keys/signing/rotate', '/api/v2/keys/signing/{kid}/revoke'];

/** Nothing that an answer named is asked for: it could be the very client that asks. */
const NO_FOUND_IDS = ['coverage', 'fuzzing'].map(
  (phase) => `[phases.${phase}.extra-data-sources]\nresponses = false\n`,
);

/** Ids that exist in two of three requests, so that more is reached than "there is no such thing". */
const config = ({ known }) =>
  NO_FOUND_IDS.concat(
    known.flatMap(([path, parameters], i) => {
      const bound = Object.entries(parameters).filter(([, values]) => values.length > 0);
      if (bound.length === 0) return [];
      const name = (parameter) => `known${i}${parameter.replace(/\W/g, '_')}`;
      return [
        ...bound.map(
          ([parameter, values]) => `[dictionaries.${name(parameter)}]\nvalues = ${JSON.stringify(values)}\n`,
        ),
        `[[operations]]\ninclude-path-regex = ${JSON.stringify(path)}\n[operations.parameters]`,
        ...bound.map(([parameter]) => `"${parameter}" = { dictionary = "${name(parameter)}", probability = 0.66 }`),
        '',
      ];
    }),
  ).join('\n');

const TRIED_AT = { management: '/api/v2/clients', myAccount: '/me/v1/connected-accounts/accounts' };
const isGood = async ({ http, url }, api, token) => {
  const answer = await http.sendJson('GET', `${url}${TRIED_AT[api]}`, undefined, { authorization: `Bearer ${token}` });
  return answer.status === 200;
};

/** Said last, where a log that is cut still has it; the exit code. */
function outcome(failed) {
  console.log(failed.length === 0 ? 'fuzz: nothing found' : `fuzz: found something in ${failed.join(', ')}; see above`);
  return failed.length;
}

async function fuzz(address) {
  const installation = new Installation(address);
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-fuzz-'));
  try {
    const found = await setUp(installation, JSON.parse(readFileSync(FILE, 'utf8')));
    writeFileSync(join(directory, 'schemathesis.toml'), config(found), { mode: 0o600 });
    const isShort = process.env.STRONGROOM_FUZZ === 'short';
    const { STRONGROOM_FUZZ_SECONDS: seconds = isShort ? 'Infinity' : '600' } = process.env;
    const { STRONGROOM_FUZZ_REQUESTS: requests = isShort ? '2000' : 'Infinity' } = process.env;
    const { STRONGROOM_FUZZ_EXAMPLES: examples = isShort ? '10' : '100' } = process.env;
    const { STRONGROOM_FUZZ_SEED: seed = isShort ? '1' : undefined } = process.env;
    console.log('== Bytes');
    const bytes = await fuzzRaw(address, found, {
      seconds: Number(seconds),
      requests: Number(requests),
      seed: seed ? Number(seed) : Math.floor(Math.random() * 2 ** 31),
      isBehindEdge: isDistributed(),
    });
    const failed = bytes > 0 ? ['bytes'] : [];
    for (const [api, token] of Object.entries({ management: found.management, myAccount: found.myAccount }))
      if (!(await isGood(installation, api, token))) throw new Error(`Bytes have spoilt the token for ${api}.`);
    if (process.env.STRONGROOM_FUZZ === 'bytes') return outcome(failed);
    for (const { tag, token, authorization } of PARTS) {
      const header = token ? `Bearer ${found[token]}` : authorization?.(found);
      console.log(`== ${tag}`);
      const code = await run(
        schemathesis(),
        [
          ...['run', FILE, '--url', address.url, '--include-tag', tag, '--checks', CHECKS.join(',')],
          ...[
            '--max-examples',
            examples,
            '--phases',
            isShort ? 'fuzzing' : 'examples,coverage,fuzzing',
            '--continue-on-failure',
          ],
          ...[
            '--max-redirects',
            '0',
            '--request-timeout',
            '20',
            '--request-retries',
            '2',
            '--warnings',
            'off',
            // How fast this machine makes things up is no finding.
            '--suppress-health-check',
            'too_slow',
            // Two parse Python at the same time, which not every CPython 3.11 survives (python/cpython#106905).
            '--workers',
            '1',
          ],
          ...LEFT_OUT.flatMap((path) => ['--exclude-path', path]),
          ...(address.caFile ? ['--tls-verify', address.caFile] : []),
          ...(header ? ['-H', `Authorization: ${header}`] : []),
          ...(seed ? ['--seed', seed] : []),
        ],
        directory,
      );
      if (code !== 0) failed.push(authorization ? `${tag} (${header.split(' ')[0]})` : tag);
      // Else whatever followed would have been 401, which the file has.
      if (token && !(await isGood(installation, token, found[token])))
        throw new Error(`The token for the ${tag} was no good any more at the end: what was sent last found nothing.`);
    }
    return outcome(failed);
  } finally {
    rmSync(directory, { recursive: true, force: true });
    await installation.close();
  }
}

if (process.env.STRONGROOM_TEST_URL) process.exitCode = await fuzz(addressFromEnvironment());
else {
  const simulator = await startSimulator();
  const server = await startServer(simulator.url, {
    STRONGROOM_RATE_MANAGEMENT: '100000',
    STRONGROOM_RATE_ACCOUNT: '100000',
    STRONGROOM_RATE_AUTH_FAILURES: '100000',
    // Handshakes are not what is looked for, and would be most of the work.
    ...(process.env.STRONGROOM_FUZZ === 'bytes' ? { STRONGROOM_TLS: '' } : {}),
  });
  try {
    process.exitCode = await fuzz(server.address);
  } finally {
    await server.remove();
    await simulator.stop();
  }
}
