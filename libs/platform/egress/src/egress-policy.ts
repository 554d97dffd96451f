import { isIP } from 'node:net';
import { canonical, isInside, isLoopback, isMetadata, isOfThisMachine } from './address-classes.js';
import { EgressRefusedError } from './egress.errors.js';

/** A URL that may be called, as far as the URL itself tells. */
export interface Target {
  url: URL;
  /** Without brackets and without a dot at its end. */
  host: string;
  port: number;
  isTls: boolean;
  /** The operator's list names its origin. */
  isListed: boolean;
}

const HOST_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;
const INSIDE_NAMES = /(^|\.)(localhost|localdomain|local|internal|home\.arpa)$/;
/** Behind one address of these many names may live, ours and a provider's: the name alone tells them apart. */
const SHARED_PORTS = [80, 443];

/** The rules of `spec/threats.md` §5. */
export class EgressPolicy {
  private readonly listed: Set<string>;
  private readonly own: Set<string>;
  private readonly ownPorts: Set<number>;
  private readonly ownNames: { host: string; port: number }[];

  constructor(allow: readonly string[], ownOrigins: readonly string[]) {
    this.listed = new Set(allow.map((entry) => readOrigin(entry, 'STRONGROOM_EGRESS_ALLOW')));
    const own = ownOrigins.map((entry) => readTarget(new URL(entry)));
    this.own = new Set(own.map(({ host, port }) => `${canonical(host)}:${port}`));
    this.ownPorts = new Set(own.filter(({ host }) => isLocalHost(host)).map(({ port }) => port));
    this.ownNames = own.filter(({ host, port }) => !isIP(host) && !isLocalHost(host) && !SHARED_PORTS.includes(port));
  }

  /** Names of ours whose addresses `admit` must know, because an operator may have listed one of those. */
  ownNamesAt(port: number): string[] {
    return [...new Set(this.ownNames.filter((own) => own.port === port).map(({ host }) => host))];
  }

  /** Rules on the URL itself. The parser has turned every spelling of an address into the usual one before. */
  target(text: string): Target {
    if (!URL.canParse(text)) throw new EgressRefusedError('The URL is not a valid URL');
    const parsed = new URL(text);
    if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')
      throw new EgressRefusedError('The URL is refused: only https is spoken');
    if (parsed.username || parsed.password)
      throw new EgressRefusedError('The URL is refused: it must not contain user information');
    const target = { ...readTarget(parsed), isListed: false };
    const { host, port, isTls, url } = target;
    const refuse = (why: string): EgressRefusedError => new EgressRefusedError(`${url.origin} is refused: ${why}`);
    if (!isIP(host) && !HOST_NAME.test(host)) throw new EgressRefusedError('The URL is refused: it has no proper host');
    if (this.own.has(`${canonical(host)}:${port}`))
      throw refuse('it is an address of this installation, which nothing unlocks');
    target.isListed = ['*', port].some((allowed) => this.listed.has(`${url.protocol}//${host}:${allowed}`));
    if (!target.isListed) {
      if (!isTls) throw refuse('only https is spoken');
      if (port !== 443) throw refuse('only port 443 is called');
      if (INSIDE_NAMES.test(host)) throw refuse('its name is one of the inside');
    }
    if (isIP(host)) this.admit(target, [host]);
    return target;
  }

  /** Rules on the addresses of a target: one that is denied refuses them all. `ours`: what our own names lead to. */
  admit({ url, port, isListed }: Target, addresses: readonly string[], ours: readonly string[] = []): void {
    const refuse = (why: string): EgressRefusedError => new EgressRefusedError(`${url.origin} is refused: ${why}`);
    for (const address of addresses) {
      if (!isIP(address) || isMetadata(address)) throw refuse('its address is one that nothing unlocks');
      if (this.isOwn(address, port, ours)) throw refuse('it is an address of this installation, which nothing unlocks');
      if (!isListed && isInside(address)) throw refuse('its address is not of the public internet');
    }
  }

  private isOwn(address: string, port: number, ours: readonly string[]): boolean {
    const at = canonical(address);
    if (this.own.has(`${at}:${port}`) || ours.some((own) => canonical(own) === at)) return true;
    return this.ownPorts.has(port) && isOfThisMachine(at);
  }
}

function readTarget(parsed: URL): Omit<Target, 'isListed'> {
  const isTls = parsed.protocol === 'https:';
  const url = new URL(parsed);
  const name = parsed.hostname.replace(/\.+$/, '');
  // Parsed once more: without its dots, `0x7f.1..` is an address and no longer a name.
  url.hostname = name;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { url, host, isTls, port: url.port ? Number(url.port) : isTls ? 443 : 80 };
}

/** `scheme://host:port`, the port always written out. */
function readOrigin(entry: string, setting: string): string {
  const anyPort = entry.endsWith(':*');
  const text = anyPort ? entry.slice(0, -2) : entry;
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol) || `${parsed.origin}/` !== parsed.href)
    throw new Error(`${setting}: "${entry}" is not an origin such as https://idp.example or http://127.0.0.1:9090`);
  const { url, host, port } = readTarget(parsed);
  if (!isIP(host) && !HOST_NAME.test(host))
    throw new Error(`${setting}: "${entry}" names no host; there are no patterns`);
  return `${url.protocol}//${host}:${anyPort ? '*' : port}`;
}

const isLocalHost = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || (isIP(host) !== 0 && isLoopback(host));
