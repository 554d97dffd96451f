import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { controllerRoutes } from './controllers.mjs';
import { WITHOUT_CONTROLLER } from './described.mjs';
import { documentOf } from './document.mjs';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));

/** The OpenAPI file, from what was built. */
export async function openapi() {
  const routes = [...(await controllerRoutes()), ...WITHOUT_CONTROLLER];
  return documentOf(routes, version);
}
