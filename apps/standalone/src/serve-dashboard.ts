import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** As `vite build` leaves them: one page, and assets that are named by their content. */
const DIRECTORY = join(import.meta.dirname, '../../dashboard/dist');
const ASSETS = '/dashboard/assets/';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The same in `docker/Caddyfile`. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    ...["default-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ].join('; '),
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

interface File {
  type: string;
  plain: Buffer;
  zipped: Buffer;
}

export interface DashboardFiles {
  index: File;
  /** By name. */
  assets: ReadonlyMap<string, File>;
}

/**
 * Null: it is off, or not built.
 *
 * @throws Error where it is asked for and not built
 */
export function dashboardFiles(wanted: 'on' | 'off' | undefined, directory = DIRECTORY): DashboardFiles | null {
  if (wanted === 'off') return null;
  if (!existsSync(join(directory, 'index.html'))) {
    if (wanted === undefined) return null;
    throw new Error(
      `STRONGROOM_DASHBOARD=on needs the dashboard, and ${directory} has none: run "npm run build" first.`,
    );
  }
  const assets = readdirSync(join(directory, 'assets'));
  return {
    index: read(join(directory, 'index.html')),
    assets: new Map(assets.map((name) => [name, read(join(directory, 'assets', name))])),
  };
}

function read(path: string): File {
  const plain = readFileSync(path);
  return { type: TYPES[extname(path)] ?? 'application/octet-stream', plain, zipped: gzipSync(plain) };
}

/** One page for `/` and everything below `/dashboard` and `/account`, which finds its way itself; no context has a route there. */
export function serveDashboard(app: NestFastifyApplication, { index, assets }: DashboardFiles): void {
  const fastify = app.getHttpAdapter().getInstance();
  const page = (request: FastifyRequest, reply: FastifyReply) => send(request, reply, index, 'no-store');
  for (const path of ['/', '/dashboard', '/dashboard/*', '/account', '/account/*']) fastify.get(path, page);
  fastify.get<{ Params: { '*': string } }>(`${ASSETS}*`, (request, reply) => {
    const asset = assets.get(request.params['*']);
    return asset ? send(request, reply, asset, 'public, max-age=31536000, immutable') : reply.callNotFound();
  });
}

function send({ headers }: FastifyRequest, reply: FastifyReply, file: File, caching: string): FastifyReply {
  const zips = /\bgzip\b/.test(headers['accept-encoding']?.toString() ?? '');
  return reply
    .headers({ ...HEADERS, 'content-type': file.type, 'cache-control': caching, vary: 'accept-encoding' })
    .headers(zips ? { 'content-encoding': 'gzip' } : {})
    .send(zips ? file.zipped : file.plain);
}
