import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { FORBIDDEN_NAMES } from './limits.js';
import { parse, ValidationError } from './validation.js';

const MAX_DEPTH = 20;
const MAX_MEMBERS = 1000;

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

/** Parses JSON within the limits of `spec/threats.md` §9. @throws ValidationError that names the member */
export function parseJson(bytes: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw new ValidationError('body', [{ path: [], detail: 'the body is not valid JSON in UTF-8' }]);
  }
  checkMembers(value);
  return value;
}

// As Buffer does it, a byte that is no UTF-8 would become U+FFFD and nobody would be told.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function checkMembers(root: unknown): void {
  let members = 0;
  const refuse = (path: Path, detail: string): never => {
    throw new ValidationError('body', [{ path: path.map(printable), detail }]);
  };
  const walk = (node: unknown, path: Path): void => {
    const detail = typeof node === 'string' ? whyNotText(node) : null;
    if (detail) refuse(path, detail);
    if (typeof node !== 'object' || node === null) return;
    if (path.length >= MAX_DEPTH) refuse([], `the body is nested too deeply; at most ${MAX_DEPTH} levels are read`);
    for (const [name, child] of Object.entries(node)) {
      if (++members > MAX_MEMBERS) refuse([], `the body has too many members; at most ${MAX_MEMBERS} are read`);
      const inner = [...path, Array.isArray(node) ? Number(name) : name];
      const badName = FORBIDDEN_NAMES.has(name) ? 'is a name that no member may have' : whyNotText(name);
      if (badName) refuse(inner, badName);
      walk(child, inner);
    }
  };
  walk(root, []);
}

type Path = readonly (string | number)[];

/** Whole pairs are not matched: with `u` they are one character. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** No column takes such a text, and no UTF-8 can say it. */
function whyNotText(text: string): string | null {
  if (text.includes('\0')) return 'must not have a NUL character in it';
  return LONE_SURROGATE.test(text) ? 'must not have half of a surrogate pair in it' : null;
}

const printable = (part: string | number): string | number =>
  typeof part === 'string' ? part.replaceAll(/\p{Surrogate}|\0/gu, '\ufffd') : part;

/** What a decorated parameter takes. Wrapped: Nest takes whatever has a `transform` for a pipe, and a zod schema has one. */
export interface Expected {
  part: 'body' | 'query';
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
export const JsonBody = (schema: z.ZodType): ParameterDecorator => jsonBody({ part: 'body', expected: schema });

/** `@ParsedQuery(schema) query`: the query string, checked. */
export const ParsedQuery = (schema: z.ZodType): ParameterDecorator => parsedQuery({ part: 'query', expected: schema });
