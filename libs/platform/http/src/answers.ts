import { applyDecorators, HttpCode } from '@nestjs/common';
import type { z } from 'zod';

/** One way in which a route answers; `schema` null: no body. */
export interface RouteAnswer {
  status: number;
  schema: z.ZodType | null;
}

const ANSWERS = 'strongroom:answers';

/** What a route answers when all is well: status and body. The first one given is the status that Nest sends. */
export const Answers = (status: number, schema: z.ZodType | null = null): MethodDecorator =>
  applyDecorators(HttpCode(status), AlsoAnswers(status, schema));

/** Another good answer of the same route, which it sends by itself. */
export const AlsoAnswers =
  (status: number, schema: z.ZodType | null = null): MethodDecorator =>
  (target, key) => {
    const handler = (target as Record<PropertyKey, object>)[key]!;
    Reflect.defineMetadata(ANSWERS, [...answersOf(handler), { status, schema }], handler);
  };

/** For the OpenAPI file. */
export const answersOf = (handler: object): RouteAnswer[] =>
  (Reflect.getMetadata(ANSWERS, handler) as RouteAnswer[] | undefined) ?? [];
