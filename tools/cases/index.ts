// Which case of the contract is proved by which test: a case is named in the name of its test. `npm run cases` fails
// if one has none; `npm run cases -- --list` prints all of them with their files.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');

export interface Cases {
  groups: { prefix: string; cases: number; about: string }[];
  /** Cases that cannot be tested yet, and what they wait for. */
  waiting: Record<string, string>;
}

/** Every id of the contract, in order. */
export const idsOf = ({ groups }: Pick<Cases, 'groups'>): string[] =>
  groups.flatMap(({ prefix, cases }) =>
    Array.from({ length: cases }, (_, n) => `${prefix}-${String(n + 1).padStart(2, '0')}`),
  );

/**
 * What the names of tests and their tables say in a spec file: its strings, without comments, and without those of
 * tests that never run.
 */
export function namesIn(text: string): string[] {
  const said: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /\.(skip|todo)\b/.test(node.expression.getText())) return;
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      said.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('spec.ts', text, ts.ScriptTarget.Latest, true));
  return said;
}

/** Each id with the files whose tests name it. `files`: [path, text]. */
export function filesById(cases: Cases, files: [path: string, text: string][]): Map<string, string[]> {
  const found = new Map(idsOf(cases).map((id): [string, string[]] => [id, []]));
  for (const [path, text] of files)
    for (const id of new Set(namesIn(text).flatMap((name) => name.match(/\b[A-Z]{2}-\d\d\b/g) ?? [])))
      found.get(id)?.push(path);
  return found;
}

/** What is wrong: cases without a test, and cases that are said to wait for something that has come. */
export function problemsOf(cases: Cases, found: Map<string, string[]>): string[] {
  const problems: string[] = [];
  for (const [id, files] of found)
    if (id in cases.waiting === files.length > 0)
      problems.push(files.length > 0 ? `${id} is said to wait, and is tested` : `${id} has no test that names it`);
  for (const id of Object.keys(cases.waiting))
    if (!found.has(id)) problems.push(`${id} is said to wait, and is no case`);
  return problems;
}

function main(): void {
  const cases = JSON.parse(readFileSync(join(import.meta.dirname, 'cases.json'), 'utf8')) as Cases;
  const paths = execFileSync('git', ['ls-files', '*spec.ts'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
  const found = filesById(
    cases,
    paths.map((path): [string, string] => [path, readFileSync(join(root, path), 'utf8')]),
  );
  if (process.argv.includes('--list'))
    for (const [id, files] of found) {
      const waits = cases.waiting[id] ? [`waits for ${cases.waiting[id]}`] : [];
      console.log(`${id}  ${[...waits, ...files].join('  ')}`);
    }
  const problems = problemsOf(cases, found);
  for (const problem of problems) console.error(problem);
  const tested = [...found.values()].filter((files) => files.length > 0).length;
  console.log(`${found.size} cases: ${tested} with a test, ${Object.keys(cases.waiting).length} wait`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) main();
