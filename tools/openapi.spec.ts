import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  security: Record<string, string[]>[];
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

/** `docs/openapi.json` as it is served. That it is what the code makes, CI looks at by making it anew. */
describe('The OpenAPI file', () => {
  const file = JSON.parse(readFileSync(join(import.meta.dirname, '../docs/openapi.json'), 'utf8')) as {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
  };
  const operations = Object.entries(file.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ at: `${method.toUpperCase()} ${path}`, path, ...operation })),
  );
  const ofApi = (prefix: string) =>
    operations.filter(({ path }) => path.startsWith(prefix) && path !== '/api/v2/openapi.json');

  it('MG-33 is valid OpenAPI 3.1', async () => {
    expect(file.openapi).toMatch(/^3\.1\./);
    expect(await new Validator().validate(structuredClone(file))).toMatchObject({ valid: true });
  });

  it('gives each operation an id of its own and a line of text', () => {
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    expect(operations.filter(({ summary }) => !summary.trim())).toEqual([]);
  });

  it.each(['/api/v2/', '/me/v1/'])('names a scope for every route under %s', (prefix) => {
    const without = ofApi(prefix).filter(
      ({ security }) => security.length === 0 || security.some((way) => Object.values(way).flat().length === 0),
    );
    expect(without.map(({ at }) => at)).toEqual([]);
  });

  it.each([
    ['/api/v2/', '#/components/schemas/ManagementError'],
    ['/me/v1/', '#/components/schemas/Problem'],
    ['/oauth/', '#/components/schemas/OAuthError'],
  ])('gives the errors of %s the shape of that API', (prefix, $ref) => {
    const others = ofApi(prefix).flatMap(({ at, responses }) =>
      Object.entries(responses)
        .filter(([status]) => Number(status) >= 400 && status !== '431')
        .filter(
          ([, { content }]) => JSON.stringify(content) !== JSON.stringify({ 'application/json': { schema: { $ref } } }),
        )
        .map(([status]) => `${at} ${status}`),
    );
    expect(others).toEqual([]);
  });

  it('says what every route answers when all is well', () => {
    const silent = operations.filter(({ responses }) => !Object.keys(responses).some((status) => Number(status) < 400));
    expect(silent.map(({ at }) => at)).toEqual([]);
  });
});
