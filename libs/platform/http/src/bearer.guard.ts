import {
  applyDecorators,
  type CanActivate,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Bearer, type BearerIdentity, type OwnApi } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PublicUrl } from './public-url.js';
import { atAddress, spend } from './rate-limits.js';

const API = 'strongroom:api';
const SCOPES = 'strongroom:scopes';

type Called = FastifyRequest & { caller?: BearerIdentity };

/** The token is good and does not hold what the route asks for. */
export class InsufficientScopeError extends VaultError {
  constructor(scopes: readonly string[]) {
    super(`Insufficient scope, expected any of: ${scopes.join(', ')}`, { code: 'insufficient_scope', status: 403 });
  }
}

/** Routes that name no scope are refused: a new route cannot be forgotten. */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly bearer: Bearer,
    private readonly publicUrl: PublicUrl,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const api = this.reflector.get<OwnApi>(API, context.getClass());
    const scopes = scopesOf(context.getHandler());
    if (scopes.length === 0) throw new Error(`${context.getClass().name}.${context.getHandler().name} names no scope`);
    const request = context.switchToHttp().getRequest<Called>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const caller = await this.callerOf(api, request).catch(async (error: unknown) => {
      if (isUnproven(error)) await spend(request, reply, api, atAddress(request));
      throw error;
    });
    // Only now: before its token was checked, nobody spends what is somebody's.
    await spend(request, reply, api, spender(caller));
    for (const anyOf of scopes)
      if (!anyOf.some((scope) => caller.scopes.includes(scope))) throw new InsufficientScopeError(anyOf);
    request.caller = caller;
    return true;
  }

  private callerOf(api: OwnApi, { headers, method, url }: Called): Promise<BearerIdentity> {
    return this.bearer.check(api, {
      authorization: headers.authorization ?? null,
      dpop: typeof headers['dpop'] === 'string' ? headers['dpop'] : null,
      method,
      url: this.publicUrl.of(url.split('?')[0]!),
    });
  }
}

/** People through one client do not spend of each other: any of them could keep an administrator out. */
const spender = ({ personId, clientId }: BearerIdentity): string =>
  personId === null ? `client ${clientId}` : `person ${personId}`;

/** A token that is no good. Being asked for a nonce is part of every first request with a proof. */
const isUnproven = (error: unknown): boolean =>
  error instanceof VaultError && error.status === 401 && error.code !== 'use_dpop_nonce';

/** A controller of the Management API; `path` is below `/api/v2`. Each method names its scopes. */
export const ManagementApi = (path: string) =>
  applyDecorators(
    Controller(`api/v2/${path}`),
    SetMetadata(API, 'management' satisfies OwnApi),
    UseGuards(BearerGuard),
  );

/** A controller of the My Account API; `path` is below `/me/v1`. */
export const MyAccountApi = (path: string) =>
  applyDecorators(Controller(`me/v1/${path}`), SetMetadata(API, 'my-account' satisfies OwnApi), UseGuards(BearerGuard));

/** Any one of these scopes opens the route. Given several times, each must be satisfied. */
export const Scopes =
  (...scopes: string[]): MethodDecorator =>
  (target, key) => {
    const handler = (target as Record<PropertyKey, object>)[key]!;
    Reflect.defineMetadata(SCOPES, [scopes, ...scopesOf(handler)], handler);
  };

/** One of each of these, for the guard and for the OpenAPI file. */
export const scopesOf = (handler: object): string[][] =>
  (Reflect.getMetadata(SCOPES, handler) as string[][] | undefined) ?? [];

/** The API that a controller belongs to; null for pages and the endpoints of the authorization server. */
export const apiOf = (controller: object): OwnApi | null =>
  (Reflect.getMetadata(API, controller) as OwnApi | undefined) ?? null;

/** Who calls, as the token says. Under My Account `personId` is never null. */
export const Caller = createParamDecorator(
  (_: unknown, context: ExecutionContext): BearerIdentity => context.switchToHttp().getRequest<Called>().caller!,
);
