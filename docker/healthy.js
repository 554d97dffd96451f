// Health check of a container that has no shell and no curl: 0 if the service says that it is ready.
import { get } from 'node:http';

get(
  { host: '127.0.0.1', port: process.env.STRONGROOM_PORT ?? 3000, path: '/readyz', timeout: 4000 },
  ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1),
)
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1));
