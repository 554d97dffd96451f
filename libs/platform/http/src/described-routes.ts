import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import type { OwnApi } from '@strongroom/contracts';
import type { z } from 'zod';
import { answersOf, type RouteAnswer } from './answers.js';
import { apiOf, scopesOf } from './bearer.guard.js';
import type { Expected } from './body.js';

/** A route as its decorators tell it. */
export interface DescribedRoute {
  method: string;
  /** As routers write it: `/api/v2/users/:id`. */
  path: string;
  handler: string;
  api: OwnApi | null;
  /** One of each. */
  scopes: string[][];
  body: z.ZodType | null;
  query: z.ZodType | null;
  answers: RouteAnswer[];
}

/** All routes of a controller, for the OpenAPI file; one per path where a handler has several. */
export function describedRoutes(controller: Type): DescribedRoute[] {
  const prefixes = pathsOf(controller);
  const prototype = controller.prototype as Record<string, object>;
  return handlersOf(prototype).flatMap((handler) => {
    const method = prototype[handler]!;
    const said = Reflect.getMetadata(METHOD_METADATA, method) as RequestMethod | undefined;
    if (said === undefined) return [];
    const route = {
      method: RequestMethod[said],
      handler,
      api: apiOf(controller),
      scopes: scopesOf(method),
      body: expected(controller, handler, 'body'),
      query: expected(controller, handler, 'query'),
      answers: answersOf(method),
    };
    return prefixes.flatMap((prefix) => pathsOf(method).map((path) => ({ ...route, path: joined(prefix, path) })));
  });
}

/** Inherited ones too: a controller may stand upon the routes of a library. */
function handlersOf(prototype: object): string[] {
  const above = Object.getPrototypeOf(prototype) as object | null;
  const own = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  return above === null || above === Object.prototype ? own : [...new Set([...handlersOf(above), ...own])];
}

const pathsOf = (thing: object): string[] => [Reflect.getMetadata(PATH_METADATA, thing) as string | string[]].flat();

const joined = (...parts: string[]): string =>
  `/${parts
    .map((part) => part.replace(/^\/|\/$/g, ''))
    .filter(Boolean)
    .join('/')}`;

function expected(controller: Type, handler: string, part: Expected['part']): z.ZodType | null {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) ?? {}) as Record<
    string,
    { data?: Partial<Expected> }
  >;
  return Object.values(parameters).find(({ data }) => data?.part === part)?.data?.expected ?? null;
}
