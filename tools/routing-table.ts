import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the edge sends to one service. */
export interface Entry {
  service: string;
  paths: string[];
  except: string[];
}

const CADDYFILE = join(import.meta.dirname, '../docker/Caddyfile');

/** The matchers of the site, in the order in which its `handle` lines ask them. */
export function routingTable(text = readFileSync(CADDYFILE, 'utf8')): Entry[] {
  const matchers = new Map<string, Entry>();
  let open: Entry | undefined;
  const order: Entry[] = [];
  for (const line of text.split('\n').map((one) => one.trim())) {
    const [, matcher] = /^@([a-z-]+) \{$/.exec(line) ?? [];
    if (matcher) matchers.set(matcher, (open = { service: matcher, paths: [], except: [] }));
    else if (line === '}') open = undefined;
    else if (open) {
      const [, not, paths] = /^(not )?path (.+)$/.exec(line) ?? [];
      if (!paths) throw new Error(`The routing table has only "path" and "not path" lines: ${line}`);
      (not ? open.except : open.paths).push(...paths.split(/\s+/));
    }
    const [, asked] = /^handle @([a-z-]+) \{$/.exec(line) ?? [];
    if (asked && matchers.has(asked)) order.push(matchers.get(asked)!);
  }
  return order;
}

/** The service that a path goes to, and the pattern that said so. */
export function routed(table: readonly Entry[], path: string): { service: string; pattern: string } | undefined {
  for (const { service, paths, except } of table) {
    const pattern = paths.find((one) => matches(one, path));
    if (pattern !== undefined && !except.some((one) => matches(one, path))) return { service, pattern };
  }
  return undefined;
}

/** As Caddy's `path`: `*` alone at the end takes everything, elsewhere one part of the path. */
function matches(pattern: string, path: string): boolean {
  const stars = pattern.split('*').length - 1;
  if (stars === 0) return path === pattern;
  if (stars === 1 && pattern.endsWith('*')) return path.startsWith(pattern.slice(0, -1));
  const parts = pattern.split(/%?\*/).map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]*')}$`).test(path);
}
