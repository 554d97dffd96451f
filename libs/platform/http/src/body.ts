import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { parse, ValidationError } from './validation.js';

const MAX_DEPTH = 20;
const MAX_MEMBERS = 1000;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** A body of a type that the route does not take. */
export class UnsupportedMediaTypeError extends VaultError {
  constructor(expected: string) {
    super(`the body must be ${expected}`, { code: 'unsupported_media_type', status: 415 });
  }
}

/** Every body arrives as the bytes that were sent (`httpAdapter`); routes say how they are read. */
export const rawBody = (request: FastifyRequest): Buffer =>
  Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);

/** The media type without parameters, in lower case; '' if there is none. */
export const mediaType = (request: FastifyRequest): string =>
  (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();

/**
 * Whether a flat object of strings names a member twice; `JSON.parse` keeps the last and says nothing. In such an object
 * every string is a name or a value, so there are exactly two for each member.
 */
export const repeatsMember = (bytes: Buffer, parsed: object): boolean =>
  (bytes.toString('utf8').match(/"(?:[^"\\]|\\.)*"/g) ?? []).length !== 2 * Object.keys(parsed).length;

/** Parses JSON within the limits of `spec/threats.md` §9. @throws ValidationError */
export function parseJson(bytes: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'), (key, member: unknown) => {
      if (FORBIDDEN.has(key)) throw new SyntaxError('forbidden member name');
      if (key.includes('\0') || (typeof member === 'string' && member.includes('\0')))
        throw new SyntaxError('a NUL character'); // no text column takes one
      return member;
    });
  } catch {
    throw new ValidationError('body', [{ path: [], detail: 'the body is not valid JSON' }]);
  }
  if (!withinLimits(value))
    throw new ValidationError('body', [{ path: [], detail: 'the body is nested too deeply or has too many members' }]);
  return value;
}

function withinLimits(value: unknown): boolean {
  let members = 0;
  const walk = (node: unknown, depth: number): boolean => {
    if (typeof node !== 'object' || node === null) return true;
    if (depth > MAX_DEPTH) return false;
    const inner = Object.values(node);
    members += inner.length;
    return members <= MAX_MEMBERS && inner.every((child) => walk(child, depth + 1));
  };
  return walk(value, 1);
}

// Wrapped: Nest takes whatever has a `transform` for a pipe, and a zod schema has one.
interface Expected {
  expected: z.ZodType;
}

const jsonBody = createParamDecorator(({ expected }: Expected, context: ExecutionContext): unknown => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const type = mediaType(request);
  if (type !== 'application/json' && !/^application\/[\w.-]+\+json$/.test(type))
    throw new UnsupportedMediaTypeError('application/json');
  return parse(expected, parseJson(rawBody(request)), 'body');
});
const parsedQuery = createParamDecorator(({ expected }: Expected, context: ExecutionContext): unknown =>
  parse(expected, context.switchToHttp().getRequest<FastifyRequest>().query, 'query'),
);

/** `@JsonBody(schema) body`: the JSON body, checked. 415 for other content types, 400 for what does not fit. */
export const JsonBody = (schema: z.ZodType): ParameterDecorator => jsonBody({ expected: schema });

/** `@ParsedQuery(schema) query`: the query string, checked. */
export const ParsedQuery = (schema: z.ZodType): ParameterDecorator => parsedQuery({ expected: schema });
