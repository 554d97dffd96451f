// Takes the figures of a run of `npm run test:safety` into docs/safety-figures.json (the newest of each id), and writes
// docs/safety.md anew.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { safetyPage } from './safety-page.mjs';

const root = join(import.meta.dirname, '..');
const measured = process.argv[2] ?? join(root, 'dist/safety/figures.jsonl');
const kept = join(root, 'docs/safety-figures.json');
if (!existsSync(measured)) {
  console.error(`${measured} is not there: run "npm run test:safety" first.`);
  process.exit(1);
}
const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
const figures = new Map((existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : []).map((one) => [one.id, one]));
for (const line of readFileSync(measured, 'utf8').split('\n').filter(Boolean)) {
  const figure = JSON.parse(line);
  figures.set(figure.id, { ...figure, machine });
}
const all = [...figures.values()].sort((one, other) => one.id.localeCompare(other.id, 'en', { numeric: true }));
const write = async (path, text) =>
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
await write(kept, JSON.stringify(all));
await write(join(root, 'docs/safety.md'), safetyPage(all));
const broken = all.filter(({ holds }) => !holds);
for (const { title, measured: found } of broken) console.error(`does not hold: ${title}: ${found}`);
console.log(`docs/safety.md: ${all.length} figures, ${broken.length} of them do not hold`);
