import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const PAGES = ['*.md', 'docs/**/*.md'].flatMap((pattern) => globSync(pattern, { cwd: ROOT }));

const withoutCode = (page: string): string => text(page).replaceAll(/^```[^]*?^```/gm, '');

/** What the heading is called in an address, as forges make it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
const anchorsIn = (page: string): string[] =>
  [...withoutCode(page).matchAll(/^#+ +(.+)$/gm)].map(([, heading]) => anchorOf(heading!));

describe('the pages', () => {
  it('link to what is there', () => {
    const broken = PAGES.flatMap((page) =>
      [...withoutCode(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)]
        .map(([, link]) => link!)
        .filter((link) => {
          const [file, anchor] = link.split('#');
          const target = file ? join(dirname(page), file) : page;
          return !existsSync(join(ROOT, target)) || (anchor && !anchorsIn(target).includes(anchor));
        })
        .map((link) => `${page}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('name files that are there, and npm scripts', () => {
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
    const missing = PAGES.flatMap((page) => [
      ...[...text(page).matchAll(/`((?:apps|libs|docs|tools|docker|spec|\.ci)\/[^`\s*<>{}…$]+)`/g)]
        .map(([, file]) => file!)
        .filter((file) => !file.endsWith('/dist') && !existsSync(join(ROOT, file)))
        .map((file) => `${page}: ${file}`),
      ...[...text(page).matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)]
        .map(([, script]) => script!)
        .filter((script) => !(script in scripts))
        .map((script) => `${page}: npm run ${script}`),
    ]);
    expect(missing).toEqual([]);
  });

  it('lead to programs that begin under any Node 20', () => {
    const plain = ['tools/run.mjs', ...globSync('{.ci,docs}/**/*.mjs', { cwd: ROOT })];
    // It came with 20.11.
    expect(plain.filter((file) => /import\.meta\.(dirname|filename)/.test(text(file)))).toEqual([]);
  });
});
