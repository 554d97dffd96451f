import type { Consent } from '../grants.js';
import { filled } from './addresses.js';
import type { Endpoints } from './endpoints.js';
import type { Part } from './entry.js';
import { valueMatching } from './made-up.js';
import type { Persona } from './persona.js';

/** What a callback brings beside the code: a value of the address where it has that name, else the person's own. */
export function capturedValues(
  part: Part,
  persona: Persona,
  endpoints: Endpoints,
  { person, params }: Pick<Consent, 'person' | 'params'>,
): [string, string][] {
  const valueOf = (name: string) =>
    ofAddress(endpoints, name, params) ??
    ofCallback(part, name) ??
    String(persona.value({ document: 'callback', pointer: `/${name}` }, person, params));
  return part.entry.authorization.callback.capture.map((name) => [name, valueOf(name)]);
}

/** The value of a parameter of the address; where it is part of a host, the host. */
function ofAddress({ authorization }: Endpoints, name: string, params: Record<string, string>): string | undefined {
  if (params[name] === undefined) return undefined;
  const host = new RegExp(`//([^/]*\\{${name}\\}[^/]*)`).exec(authorization)?.[1];
  return host === undefined ? params[name] : filled(host, params);
}

/** A parameter that only a callback tells. */
function ofCallback({ entry, fixture }: Part, name: string): string | undefined {
  const param = entry.params[name];
  if (param?.source !== 'callback') return undefined;
  return fixture?.given.params?.[name] ?? param.default ?? valueMatching(param.pattern);
}
