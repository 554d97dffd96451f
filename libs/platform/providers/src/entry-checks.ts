import { belongsToFlow, ownedInQuery } from './owned-parameters.js';
import { childOf, type PlacedFault } from './faults.js';
import { faultOf, linear } from './linear-expression.js';
import { reachOf } from './pattern-reach.js';
import { CALL_NAMES, partsOf, placeholdersIn } from './placeholders.js';
import type { ProviderEntry, ProviderParam } from './provider-entry.js';

interface Context {
  /** Settings of a connection: what they are merged over is not known here. */
  isPartial: boolean;
}

/** What a schema cannot say of an entry: that expressions are linear, placeholders are known and hosts are safe. */
export function entryFaults(entry: ProviderEntry, context: Context): PlacedFault[] {
  return [
    ...paramFaults(entry),
    ...ruleFaults(entry),
    ...ownedFaults(entry),
    ...urlFaults(entry, context),
    ...textFaults(entry, context),
    ...headerFaults(entry),
  ];
}

function* paramFaults({ params }: ProviderEntry): Generator<PlacedFault> {
  for (const [name, param] of Object.entries(params)) {
    const pointer = childOf('/params', name);
    const fault = faultOf(param.pattern);
    if (fault) yield { pointer: `${pointer}/pattern`, message: `is no linear expression: ${fault}` };
    if (!/^[A-Za-z_][\w-]*$/.test(name) || (CALL_NAMES as readonly string[]).includes(name))
      yield { pointer, message: 'is no name for a parameter' };
    if (!fault && param.default !== undefined && !linear(param.pattern).test(param.default))
      yield { pointer: `${pointer}/default`, message: 'does not match its pattern' };
    if (param.equals !== undefined && !Object.hasOwn(params, param.equals))
      yield { pointer: `${pointer}/equals`, message: 'names no parameter' };
  }
}

function* ruleFaults({ errors }: ProviderEntry): Generator<PlacedFault> {
  for (const [index, { when }] of errors.rules.entries()) {
    const fault = when.descriptionMatches === undefined ? undefined : faultOf(when.descriptionMatches);
    if (fault)
      yield {
        pointer: `/errors/rules/${index}/when/descriptionMatches`,
        message: `is no linear expression: ${fault}`,
      };
    for (const where of Object.keys(when.bodyEquals ?? {}))
      if (!/^($|\/|@header:[\w-]+$)/.test(where))
        yield {
          pointer: childOf(`/errors/rules/${index}/when/bodyEquals`, where),
          message: 'is neither a pointer nor @header: and a name',
        };
  }
}

/** The flow alone sets these. */
function* ownedFaults({ authorization, endpoints }: ProviderEntry): Generator<PlacedFault> {
  const isOwned = (name: string) => belongsToFlow(name, authorization);
  for (const name of ownedInQuery(endpoints.authorization ?? '', authorization))
    yield { pointer: '/endpoints/authorization', message: `sets ${name}, which belongs to the flow` };
  for (const field of ['params', 'offlineParams', 'reconnectParams'] as const)
    for (const name of Object.keys(authorization[field]))
      if (isOwned(name))
        yield { pointer: childOf(`/authorization/${field}`, name), message: 'belongs to the flow and cannot be set' };
  for (const [index, name] of authorization.passthrough.entries())
    if (isOwned(name))
      yield { pointer: `/authorization/passthrough/${index}`, message: 'belongs to the flow and cannot be set' };
}

const TOKENS = ['accessToken', 'refreshToken', 'token', 'hint', 'client_secret'];
const knownIn = ({ params, tokenResponse, authorization }: ProviderEntry): string[] => [
  ...Object.keys(params),
  'client_id',
  ...Object.keys(tokenResponse.extras),
  ...authorization.callback.capture,
];

function* urlFaults(entry: ProviderEntry, context: Context): Generator<PlacedFault> {
  const { endpoints, identity, revocation, registerUrl } = entry;
  const { formerTokenOrigins: _, ...addresses } = endpoints;
  const known = knownIn(entry);
  for (const [name, url] of Object.entries(addresses))
    yield* addressFaults(entry, { pointer: `/endpoints/${name}`, url, known }, context);
  const more = [
    { pointer: '/registerUrl', url: registerUrl, known },
    { pointer: '/identity/request/url', url: identity.request?.url, known: [...known, 'accessToken'] },
    { pointer: '/revocation/url', url: revocation.url, known: [...known, ...TOKENS] },
    { pointer: '/revocation/manageUrl', url: revocation.manageUrl, known },
  ];
  for (const { url, ...rest } of more) if (url !== undefined) yield* addressFaults(entry, { ...rest, url }, context);
}

function* addressFaults(
  entry: ProviderEntry,
  { pointer, url, known }: { pointer: string; url: string; known: string[] },
  context: Context,
): Generator<PlacedFault> {
  const parts = partsOf(url);
  for (const { name, part } of parts) {
    const param = Object.hasOwn(entry.params, name) ? entry.params[name] : undefined;
    if (!context.isPartial && !known.includes(name))
      yield { pointer, message: `has the placeholder {${name}}, which nothing fills` };
    else if (part !== 'path') {
      const fault = param
        ? hostFault(param, part, afterIn(url, name))
        : context.isPartial
          ? undefined
          : 'is no parameter';
      if (fault) yield { pointer, message: `makes a host of {${name}}, which ${fault}` };
    }
  }
  const sample = url.replace(/\{[A-Za-z_][\w-]*\}/g, (_, at: number) => (at === 0 ? 'https://x.example' : 'x'));
  if (/[{}\s\\]/.test(sample) || !URL.canParse(sample) || !/^https?:\/\/[^/?#@]+([/?#]|$)/i.test(sample))
    yield { pointer, message: 'is not the address of a provider' };
}

/** What of the authority follows the placeholder. */
const afterIn = (url: string, name: string): string =>
  /^[^/?#]*/.exec(url.slice(url.indexOf(`{${name}}`) + name.length + 2))![0];

/** A value may choose a host only as far as its pattern and what is written behind it let it. */
function hostFault(param: ProviderParam, part: 'base' | 'host', after: string): string | undefined {
  if (faultOf(param.pattern)) return undefined;
  const reach = reachOf(param.pattern);
  if (!reach.isAnchored) return 'has a pattern without ^ and $ around it';
  const bad = reach.firstOf(part === 'host' ? /[^A-Za-z0-9.-]/ : /[ \t\r\n\f?#@]/);
  if (bad !== undefined) return `may hold ${JSON.stringify(bad)}`;
  const isAnyone = (param.source ?? 'admin') !== 'admin';
  if (part === 'base' && isAnyone) return 'only an administrator may say, because it is a whole address';
  if (part === 'base') return /^\^https?\??:/.test(param.pattern) ? undefined : 'need not be an address';
  const end = `${reach.fixedEnd}${after.replace(/\{.*/, '')}`;
  return isAnyone && !/\.[a-z0-9-]*[a-z][a-z0-9-]*(:\d+)?$/i.test(end) ? 'may lead to any domain' : undefined;
}

/** Everything else that placeholders may stand in. */
function* textFaults(entry: ProviderEntry, { isPartial }: Context): Generator<PlacedFault> {
  const known = knownIn(entry);
  const places: [pointer: string, texts: Readonly<Record<string, string>> | undefined, known: string[]][] = [
    ['/authorization/params', entry.authorization.params, known],
    ['/authorization/offlineParams', entry.authorization.offlineParams, known],
    ['/authorization/reconnectParams', entry.authorization.reconnectParams, known],
    ['/tokenRequest/headers', entry.tokenRequest.headers, [...known, 'client_secret']],
    ['/tokenRequest/exchangeParams', entry.tokenRequest.exchangeParams, [...known, 'client_secret']],
    ['/tokenRequest/refreshParams', entry.tokenRequest.refreshParams, [...known, 'client_secret', 'refreshToken']],
    ['/identity/request/headers', entry.identity.request?.headers, [...known, 'accessToken']],
    ['/identity/requireClaims', entry.identity.requireClaims, known],
    ['/revocation/params', entry.revocation.params, [...known, ...TOKENS]],
  ];
  if (isPartial) return;
  for (const [pointer, texts, allowed] of places)
    for (const [name, text] of Object.entries(texts ?? {}))
      for (const wanted of placeholdersIn(pointer === '/identity/requireClaims' ? text : `${name}${text}`))
        if (!allowed.includes(wanted))
          yield { pointer: childOf(pointer, name), message: `has the placeholder {${wanted}}, which nothing fills` };
}

const OWN_HEADERS = ['host', 'connection', 'content-length', 'transfer-encoding', 'cookie', 'te'];

function* headerFaults({ tokenRequest, identity }: ProviderEntry): Generator<PlacedFault> {
  for (const [pointer, headers] of [
    ['/tokenRequest/headers', tokenRequest.headers],
    ['/identity/request/headers', identity.request?.headers ?? {}],
  ] as const)
    for (const [name, text] of Object.entries(headers)) {
      if (!/^[\w-]+$/.test(name) || OWN_HEADERS.includes(name.toLowerCase()))
        yield { pointer: childOf(pointer, name), message: 'is no header that can be set' };
      else if (!/^[\t\x20-\x7e]*$/.test(text))
        yield { pointer: childOf(pointer, name), message: 'holds characters no header may have' };
    }
}
