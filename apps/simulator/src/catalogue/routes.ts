import { endpointsOf, revocationOf, roles, type Role } from './endpoints.js';
import type { Entry, Part } from './entry.js';
import { placeholdersOf } from './addresses.js';

interface Route {
  role: Role;
  expression: RegExp;
  names: string[];
  /** What the address itself has in its query. */
  query: [string, string][];
  /** Where in the query values of a call stand: name of the value, name of the member. */
  queried: [string, string][];
}

export interface Found {
  role: Role;
  params: Record<string, string>;
  /** The path is one of this provider's, the method or the query is not. */
  isWrong: boolean;
}

/** Which of a provider's addresses a path means. Paths are without the provider's base: `HOST/PATH`. */
export class Routes {
  private readonly routes: Route[];

  constructor(private readonly part: Part) {
    const endpoints = endpointsOf(part);
    this.routes = roles
      .flatMap((role) => (endpoints[role] === undefined ? [] : [routeOf(role, endpoints[role])]))
      .sort((one, other) => one.names.length - other.names.length);
  }

  find(method: string, path: string, query: URLSearchParams): Found | null {
    const there = this.routes.flatMap((route) => {
      const match = route.expression.exec(path);
      return match ? [{ route, match }] : [];
    });
    const right = there.find(
      ({ route }) => methodsOf(this.part.entry, route.role).includes(method) && hasAll(query, route.query),
    );
    const found = right ?? there[0];
    if (!found) return null;
    const values = found.match.slice(1).map(decoded);
    return {
      role: found.route.role,
      params: {
        ...Object.fromEntries(found.route.queried.map(([name, member]) => [name, query.get(member) ?? ''])),
        ...Object.fromEntries(found.route.names.map((name, index) => [name, values[index]!])),
      },
      isWrong: !right,
    };
  }
}

function methodsOf(entry: Entry, role: Role): string[] {
  if (role === 'revocation') return [revocationOf(entry).method];
  if (role === 'identity') return [entry.identity.request?.method ?? 'GET'];
  // A userinfo endpoint is asked as the entry asks for accounts, or plainly.
  if (role === 'authorization' || role === 'userinfo') return ['GET', 'POST'];
  return role === 'jwks' || role === 'discovery' ? ['GET'] : ['POST'];
}

function routeOf(role: Role, template: string): Route {
  const [path = '', query = ''] = template.replace(/^https?:\/\//, '').split('?');
  const pieces = path.split(/\{[\w-]+\}/).map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return {
    role,
    expression: new RegExp(`^${pieces.join('([^/]+)')}$`),
    names: placeholdersOf(path),
    query: [...new URLSearchParams(query)].filter(([, value]) => placeholdersOf(value).length === 0),
    queried: [...new URLSearchParams(query)].flatMap(([member, value]) => {
      const whole = /^\{([\w-]+)\}$/.exec(value)?.[1];
      return whole === undefined ? [] : [[whole, member] as [string, string]];
    }),
  };
}

const hasAll = (query: URLSearchParams, wanted: [string, string][]): boolean =>
  wanted.every(([name, value]) => query.get(name) === value);

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
