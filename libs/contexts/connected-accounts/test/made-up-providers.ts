import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalogue } from '@strongroom/providers';

const SHOP = '^[a-z0-9-]{1,40}$';
const docs = ['https://docs.example.net/oauth'];

/** Providers nobody has, each with habits of its own; what the flow does for them follows from this alone. */
const providers = {
  'market-stall': {
    extends: 'oauth2',
    name: 'Market Stall',
    docs,
    params: {
      shop: { pattern: SHOP, required: true, source: 'user' },
      zone: { pattern: '^(eu|us)$', source: 'callback' },
    },
    endpoints: {
      authorization: 'https://{shop}.stall.example.net/authorize',
      token: 'https://{shop}.stall.example.net/token',
    },
    pkce: 'unsupported',
    authorization: {
      scopeDelimiter: ',',
      passthrough: ['login_hint', 'ui_locales', 'staff'],
      codeTtlSeconds: 30,
      callback: {
        codeParam: 'grant',
        capture: ['stall'],
        signature: { param: 'sig', alg: 'hmac-sha256-hex', key: 'client_secret', over: 'sorted-query-without-param' },
      },
    },
    scopes: [
      { value: 'orders.read', label: 'See your <orders>', same: ['orders:view'] },
      { value: 'orders.write', label: 'Change your orders', sensitive: true },
    ],
  },
  'city-library': {
    extends: 'oidc',
    name: 'City Library',
    docs,
    endpoints: {
      issuer: 'https://library.example.net',
      authorization: 'https://library.example.net/authorize',
      token: 'https://library.example.net/token',
      jwks: 'https://library.example.net/jwks',
    },
    authorization: {
      nonce: false,
      iss: 'require',
      baseScopes: ['openid'],
      offlineScopes: ['keep'],
      offlineParams: { access: 'offline' },
      reconnectParams: { approval: 'force' },
      passthrough: ['prompt'],
    },
    scopes: [{ value: 'loans.read', label: 'See your loans', same: ['https://library.example.net/loans'] }],
    errors: {
      rules: [
        { when: { phase: ['authorize'], code: ['policy_enforced'] }, class: 'admin_blocked' },
        { when: { phase: ['authorize'], code: ['cancelled_on_login'] }, class: 'user_denied' },
        {
          when: { phase: ['authorize'], code: ['access_denied'], descriptionMatches: 'board of directors' },
          class: 'admin_blocked',
        },
      ],
    },
  },
  'notice-board': {
    extends: 'oauth2',
    name: 'Notice Board',
    docs,
    endpoints: {
      issuer: 'https://board.example.net',
      authorization: 'https://board.example.net/authorize',
      token: 'https://board.example.net/token',
    },
    authorization: { scopeParam: '', iss: 'if-present' },
  },
  depot: {
    extends: 'oauth2',
    name: 'Depot',
    docs,
    params: { region: { pattern: '^[a-z]{2}$', required: true, source: 'callback' } },
    endpoints: {
      authorization: 'https://depot.example.net/authorize',
      token: 'https://{region}.depot.example.net/token',
    },
  },
  'old-mill': {
    extends: 'oauth2',
    name: 'Old Mill',
    docs,
    endpoints: {
      issuer: 'https://mill.example.net',
      authorization: 'https://mill.example.net/authorize',
      token: 'https://mill.example.net/token',
    },
    authorization: { iss: 'ignore' },
  },
};

export function madeUpProviders(): Catalogue {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-catalogue-'));
  try {
    const file = join(directory, 'providers.json');
    writeFileSync(file, JSON.stringify({ version: 1, providers }));
    return Catalogue.load([file]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
