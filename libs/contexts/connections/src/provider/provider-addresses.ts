import { Injectable } from '@nestjs/common';
import { Egress, EgressRefusedError } from '@strongroom/egress';
import { Catalogue, type CatalogueProvider, type ResolvedProvider } from '@strongroom/providers';
import type { ConnectionEntity } from '../connection.entity.js';
import { refused } from '../connections.errors.js';
import { settingsIn } from './provider-options.js';
import { addressed } from './secret-receivers.js';

type Options = Record<string, unknown>;

/** Options that name an address which is called, or to which a browser is sent. */
const ADDRESSES = [
  'authorizationURL',
  'tokenURL',
  'userInfoURL',
  'issuer',
  'discovery_url',
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
];
const METADATA = /_endpoint$|^jwks_uri$/;

/** Every address we would call passes the egress policy when it is saved, as it must again at each use. */
@Injectable()
export class ProviderAddresses {
  constructor(
    private readonly egress: Egress,
    private readonly catalogue: Catalogue,
  ) {}

  /** @throws ValidationError that names the option */
  check(provider: CatalogueProvider, row: ConnectionEntity): void {
    // Each as it is written, though another may win over it: what is stored must not wait for the other to go.
    for (const [path, url] of writtenIn(row.options)) this.checkOne(path, url);
    const { resolved } = addressed(this.catalogue, row);
    for (const [name, url] of resolved ? calledAt(resolved) : [])
      this.checkOne('options', url, ` (the ${name} address of ${provider.name})`);
  }

  private checkOne(path: string, url: string, where = ''): void {
    try {
      this.egress.check(url);
    } catch (error) {
      throw error instanceof EgressRefusedError ? refused(path, `${error.message}${where}`) : error;
    }
  }
}

/** With their paths. An address with a placeholder is checked once that is filled. */
function writtenIn(options: Options): [string, string][] {
  const metadata = Object.entries((options['oidc_metadata'] ?? {}) as Options).filter(([name]) => METADATA.test(name));
  const { endpoints = {}, identity, revocation } = settingsIn(options);
  const settings: [string, unknown][] = [
    ...Object.entries(endpoints).map(([name, url]): [string, unknown] => [`endpoints.${name}`, url]),
    ['identity.request.url', identity?.request?.url],
    ['revocation.url', revocation?.url],
  ];
  return [
    ...ADDRESSES.map((name): [string, unknown] => [`options.${name}`, options[name]]),
    ...metadata.map(([name, url]): [string, unknown] => [`options.oidc_metadata.${name}`, url]),
    ...settings.map(([path, url]): [string, unknown] => [`options.provider_settings.${path}`, url]),
  ].filter((one): one is [string, string] => typeof one[1] === 'string' && one[1] !== '' && !one[1].includes('{'));
}

function calledAt({ endpoints, entry, pushedEndpoint }: ResolvedProvider): [string, string][] {
  const { issuer: _, ...called } = endpoints;
  const all = {
    ...called,
    pushed: pushedEndpoint,
    identity: entry.identity.request?.url,
    revocation: entry.revocation.url,
  };
  return Object.entries(all).filter((one): one is [string, string] => Boolean(one[1]) && !one[1]!.includes('{'));
}
