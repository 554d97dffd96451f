import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describedRoutes } from '../../libs/platform/http/dist/index.js';

const root = join(import.meta.dirname, '../..');

/**
 * Every route of every controller that was built, as its decorators and its doc comment tell it. Found by the names of
 * the files, so that a new controller cannot be forgotten; that they are all there is what tools/routes.int-spec.ts
 * compares with the routers.
 */
export async function controllerRoutes() {
  const sources = globSync('libs/{contexts,platform}/*/src/**/*.controller.ts', { cwd: root }).sort();
  const built = sources.map((source) => source.replace('/src/', '/dist/').replace(/\.ts$/, '.js'));
  return (await Promise.all(built.map((file) => routesIn(join(root, file))))).flat();
}

async function routesIn(file) {
  const controllers = Object.values(await import(file)).filter(
    (one) => typeof one === 'function' && Reflect.hasMetadata('__controller__', one),
  );
  const text = readFileSync(file, 'utf8');
  return controllers.flatMap((controller) =>
    describedRoutes(controller).map((route) => ({
      ...route,
      name: `${controller.name}.${route.handler}`,
      comment: commentOf(classText(text, controller.name), route.handler),
    })),
  );
}

/** Of a file with several controllers, that which belongs to one. */
const classText = (text, name) => {
  const start = text.indexOf(`class ${name}`);
  const end = text.indexOf('\n};', start);
  return start < 0 ? '' : text.slice(start, end < 0 ? undefined : end);
};

/** The doc comment right above a method, as one line; '' if there is none. */
function commentOf(text, handler) {
  const above = new RegExp(`/\\*\\*((?:[^*]|\\*(?!/))*)\\*/\\s*(?:async )?${handler}\\(`).exec(text);
  return (above?.[1] ?? '')
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s?/, '').trim())
    .filter((line) => line && !line.startsWith('@'))
    .join(' ');
}
