import { loadConfig } from '@strongroom/config';
import type { ServiceName } from '@strongroom/contracts';
import type { z } from 'zod';
import { refuseUnsafeStart } from './refuse-unsafe-start.js';
import { type Service, startService } from './start-service.js';
import type { ServiceConfig, ServiceParts } from './service-parts.js';

/** A service from its environment to its end by a signal. What an app's `main.ts` calls, once. */
export async function runService<Schema extends z.ZodObject & z.ZodType<ServiceConfig>>(
  name: ServiceName,
  schema: Schema,
  service: Service<ServiceParts<Readonly<z.output<Schema>>>>,
): Promise<void> {
  try {
    refuseUnsafeStart(schema);
    const config = loadConfig(schema);
    const started = performance.now();
    const running = await startService(name, config, service);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
    console.log(
      `${name} is ready at ${config.STRONGROOM_HOST}:${config.STRONGROOM_PORT} (${seconds} s, ${megabytes} MiB).`,
    );
    let stopping = false;
    const stop = () => {
      if (stopping) return;
      stopping = true;
      running.close().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(`${name} did not stop cleanly: ${explained(error)}`);
          process.exit(1);
        },
      );
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
    // Started by tools/run.mjs: when that is killed there is nobody left to pass Ctrl-C on.
    if (process.connected) process.once('disconnect', stop);
  } catch (error) {
    console.error(`${name} could not start: ${explained(error)}`);
    process.exit(1);
  }
}

/** A line that says what to do; where the fault may be ours, where it happened too. */
function explained(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE') return `port ${port} of ${address} is taken: end what listens there, or choose another.`;
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND')
    return `the database does not answer (${code}): check the address in its …_DATABASE_URL, and that it runs.`;
  if (code === '28P01' || code === '28000')
    return 'the database refuses the role: check its password file, and run `strongroom migrate`.';
  if (code === '42P01' || code === '3F000' || code === '42501')
    return `the database is not prepared for this service (${error.message}): run \`strongroom migrate\`.`;
  return code === undefined ? error.message : `${error.message}\n${error.stack}`;
}
