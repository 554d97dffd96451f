import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';

type Content = Record<string, { schema: object; examples?: Record<string, { value: unknown }> }>;
interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  security: Record<string, string[]>[];
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content }>;
}

/** `docs/openapi.json` as it is served. That it is what the code makes, CI looks at by making it anew. */
describe('The OpenAPI file', () => {
  const file = JSON.parse(readFileSync(join(import.meta.dirname, '../docs/openapi.json'), 'utf8')) as {
    openapi: string;
    components: object;
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
        .filter(([, { content = {} }]) => {
          const schemas = Object.entries(content).map(([type, { schema }]) => [type, schema]);
          return JSON.stringify(schemas) !== JSON.stringify([['application/json', { $ref }]]);
        })
        .map(([status]) => `${at} ${status}`),
    );
    expect(others).toEqual([]);
  });

  it('says what every route answers when all is well', () => {
    const silent = operations.filter(({ responses }) => !Object.keys(responses).some((status) => Number(status) < 400));
    expect(silent.map(({ at }) => at)).toEqual(['GET /realms/{realm}/broker/{connection}/token']); // only ever refused
  });

  it('shows for the routes that applications touch what fits their schemas', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const shown = operations.flatMap(({ at, requestBody, responses }) =>
      [requestBody, ...Object.values(responses)]
        .flatMap((part) => Object.values(part?.content ?? {}))
        .filter(({ examples }) => examples)
        .flatMap(({ schema, examples = {} }) => {
          // A reference into the file leads into the schema that is tried.
          const fits = ajv.compile({ ...schema, components: file.components });
          return Object.entries(examples).map(([name, { value }]) => ({ at, name, wrong: fits(value) || fits.errors }));
        }),
    );
    expect(shown.filter(({ wrong }) => wrong !== true)).toEqual([]);
    expect([...new Set(shown.map(({ at }) => at))].sort()).toEqual([
      'GET /api/v2/token-vault/check',
      'GET /me/v1/connected-accounts/accounts',
      'GET /me/v1/connected-accounts/connections',
      'PATCH /api/v2/clients/{id}',
      'POST /me/v1/connected-accounts/complete',
      'POST /me/v1/connected-accounts/connect',
      'POST /oauth/token',
      'POST /realms/{realm}/broker/{connection}/token',
    ]);
  });

  it('X4 knows no member of an exchange in which a person could be named', () => {
    const bodies = ['/oauth/token', '/realms/{realm}/broker/{connection}/token'].flatMap((path) =>
      Object.values(file.paths[path]!['post']!.requestBody!.content).map(({ schema }) => schema),
    );
    const named = new Set<string>();
    JSON.stringify(bodies, (_, value: unknown) => {
      const { properties } = Object(value) as { properties?: object };
      for (const name of Object.keys(properties ?? {})) named.add(name);
      return value;
    });
    expect(named).toContain('subject_token');
    expect([...named].filter((name) => /user|person|^sub$|actor|email/i.test(name))).toEqual([]);
  });

  it('X8 lets five members out of an exchange and no other', () => {
    const { schema } = file.paths['/realms/{realm}/broker/{connection}/token']!['post']!.responses['200']!.content![
      'application/json'
    ]! as { schema: { properties: object; required: string[]; additionalProperties: boolean } };
    const five = ['access_token', 'expires_in', 'issued_token_type', 'scope', 'token_type'];
    expect(Object.keys(schema.properties).sort()).toEqual(five);
    expect([schema.required.toSorted(), schema.additionalProperties]).toEqual([five, false]);
  });
});
