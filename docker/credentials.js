// Shows the operator what `strongroom init` made up: `docker compose exec identity node docker/credentials.js`.
import { readFileSync } from 'node:fs';

for (const name of [
  'management-client-id',
  'management-client-secret',
  'administrator-email',
  'administrator-password',
]) {
  console.log(`${name}: ${readFileSync(`/secrets/${name}`, 'utf8').trim()}`);
}
