import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalogue } from '@strongroom/providers';

/** The catalogue of an operator who describes these providers in a file, beside those that are shipped. */
export async function madeUpCatalogue(providers: Record<string, object>): Promise<Catalogue> {
  const dir = await mkdtemp(join(tmpdir(), 'strongroom-catalogue-'));
  const file = join(dir, 'providers.json');
  const complete = Object.entries(providers).map(([id, entry]) => [
    id,
    { extends: 'oauth2', name: id, category: 'social', docs: ['https://docs.example/'], ...entry },
  ]);
  try {
    await writeFile(file, JSON.stringify({ version: 1, providers: Object.fromEntries(complete) as object }));
    return Catalogue.load([file]);
  } finally {
    await rm(dir, { recursive: true });
  }
}
