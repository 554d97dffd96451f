import { childOf } from './faults.js';

interface Open {
  /** Undefined: a list, which has no names. */
  names?: Set<string>;
  pointer: string;
  index: number;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

/** Where a text that is JSON names a member twice; a parser would keep the last and say nothing. */
export function duplicateName(json: string): string | undefined {
  const open: Open[] = [];
  let name = '';
  for (const { 0: token, index } of json.matchAll(TOKEN)) {
    const around = open.at(-1);
    if (token === '{' || token === '[') {
      const pointer = around ? childOf(around.pointer, around.names ? name : around.index) : '';
      open.push({ pointer, index: 0, ...(token === '{' ? { names: new Set<string>() } : {}) });
    } else if (token === '}' || token === ']') open.pop();
    else if (token === ',') around!.index++;
    else if (around?.names && /^\s*:/.test(json.slice(index + token.length))) {
      name = JSON.parse(token) as string;
      if (around.names.has(name)) return childOf(around.pointer, name);
      around.names.add(name);
    }
  }
  return undefined;
}
