import { z } from 'zod';
import { described } from './described.mjs';
import { errors, errorSchemas, statusesOf, tooLong } from './errors.mjs';
import { withExamples } from './examples.mjs';

const APIS = {
  management: { tag: 'Management API', error: 'ManagementError', scheme: 'management' },
  'my-account': { tag: 'My Account API', error: 'Problem', scheme: 'myAccount' },
};

/** Every answer of the two APIs may carry them; they are left out where no limit is set. */
const rateHeaders = Object.fromEntries(
  [
    ['X-RateLimit-Limit', 'Requests in the window.'],
    ['X-RateLimit-Remaining', 'How many of them are left.'],
    ['X-RateLimit-Reset', 'When the window ends, in Unix seconds.'],
  ].map(([name, description]) => [name, { description, schema: { type: 'integer' } }]),
);

const schemaOf = (schema, io) => {
  const { $schema: _, ...made } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' });
  return made;
};

/** What a router writes as `:id` is `{id}` here. */
export const templateOf = (path) => path.replaceAll(/:([A-Za-z_]+)/g, '{$1}');

const pathParameters = (path) =>
  [...path.matchAll(/:([A-Za-z_]+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1 },
  }));

const queryParameters = (query) => {
  if (query === null) return [];
  const { properties = {}, required = [] } = schemaOf(query, 'input');
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(description ? { description } : {}),
    required: required.includes(name),
    schema,
  }));
};

/** All ways of holding one scope of each. */
const security = (scheme, scopes) =>
  scopes
    .reduce((ways, anyOf) => ways.flatMap((way) => anyOf.map((scope) => [...way, scope])), [[]])
    .map((way) => ({ [scheme]: way }));

const needed = (scopes) =>
  `Needs ${scopes.map((anyOf) => anyOf.map((scope) => `\`${scope}\``).join(' or ')).join(', and ')}.`;

const operationId = (method, path) =>
  [method.toLowerCase(), ...path.replace(/^\/(api\/v2|me\/v1)\//, path.startsWith('/me') ? '/me/' : '/').split('/')]
    .filter(Boolean)
    .map((part) => (part.startsWith(':') ? `by_${part.slice(1)}` : part))
    .join('_')
    .replaceAll(/[^A-Za-z0-9]+/g, '_');

const VERBS = { list: 'Lists', get: 'Shows', create: 'Adds to', update: 'Changes', delete: 'Removes from' };
const summaryOf = ({ comment, handler, path }) => {
  if (comment) return /^.*?[.:](?=\s|$)/.exec(comment)?.[0].replace(/[.:]$/, '') ?? comment;
  const noun = path
    .replace(/^\/(api\/v2|me\/v1)\//, '')
    .split('/')
    .filter((part) => part && !part.startsWith(':'))
    .join(' ')
    .replaceAll('-', ' ');
  return VERBS[handler] ? `${VERBS[handler]} ${noun}` : `${noun[0].toUpperCase()}${noun.slice(1)}`;
};

const answersOf = (answers) =>
  Object.fromEntries(
    answers.map(({ status, schema }) => [
      status,
      {
        description: schema === null ? 'Done; there is no body.' : 'Done.',
        headers: rateHeaders,
        ...(schema === null ? {} : { content: { 'application/json': { schema: schemaOf(schema, 'output') } } }),
      },
    ]),
  );

/** A route of one of our two APIs: all is in its decorators. */
function operationOf(route) {
  const { tag, error, scheme } = APIS[route.api];
  const { method, path, body, query, scopes, answers, comment, name } = route;
  const queried = queryParameters(query);
  if (answers.length === 0) throw new Error(`${name} says not what it answers: give it @Answers(status, schema).`);
  return {
    operationId: operationId(method, path),
    tags: [tag],
    summary: summaryOf(route),
    description: [comment, needed(scopes)].filter(Boolean).join('\n\n'),
    security: security(scheme, scopes),
    parameters: [...pathParameters(path), ...queried],
    ...(body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }
      : {}),
    responses: {
      ...tooLong,
      ...errors(
        statusesOf(
          route,
          queried.map(({ name }) => name),
        ),
        error,
        rateHeaders,
      ),
      ...answersOf(answers),
    },
  };
}

/** Any other route is described by hand, and has to be. */
function describedOperation({ method, path, comment, name }) {
  const found = described(method, path);
  if (!found)
    throw new Error(`${name ?? 'a route'}: ${method} ${path} is not described in tools/openapi/described.mjs.`);
  const { parameters = [], ...operation } = found;
  return {
    operationId: operationId(method, path),
    ...(comment ? { description: comment } : {}),
    ...operation,
    parameters: [...pathParameters(path), ...parameters],
  };
}

/** The OpenAPI 3.1 file of these routes. */
export function documentOf(routes, version) {
  const paths = {};
  for (const route of [...routes].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))) {
    const item = (paths[templateOf(route.path)] ??= {});
    const operation = route.api ? operationOf(route) : describedOperation(route);
    item[route.method.toLowerCase()] = withExamples(route, operation);
  }
  const scopesOf = (api) =>
    Object.fromEntries(
      [...new Set(routes.filter((route) => route.api === api).flatMap(({ scopes }) => scopes.flat()))]
        .sort()
        .map((scope) => [scope, '']),
    );
  const authorizationCode = (api) => ({
    authorizationUrl: '/authorize',
    tokenUrl: '/oauth/token',
    refreshUrl: '/oauth/token',
    scopes: scopesOf(api),
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Strongroom',
      version,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
      description:
        'A token vault: people connect their accounts at providers once, and applications exchange a token of ours for ' +
        'a current one of the provider. The Management API is for administrators and their programs, the My Account ' +
        'API for people, the authorization server for every client. Browser pages are listed so that the list is whole.',
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: '/' }],
    tags: [
      { name: 'Management API' },
      { name: 'My Account API' },
      { name: 'Authorization server' },
      { name: 'Pages', description: 'For browsers: HTML and redirects.' },
    ],
    paths,
    components: {
      schemas: errorSchemas,
      securitySchemes: {
        management: {
          type: 'oauth2',
          description: 'A token whose audience is `/api/v2/` at this origin.',
          flows: {
            clientCredentials: { tokenUrl: '/oauth/token', scopes: scopesOf('management') },
            authorizationCode: authorizationCode('management'),
          },
        },
        myAccount: {
          type: 'oauth2',
          description: 'A person’s token whose audience is `/me/` at this origin, sent as Bearer or DPoP.',
          flows: { authorizationCode: authorizationCode('my-account') },
        },
        person: { type: 'http', scheme: 'bearer', description: 'An access token that is good for `/userinfo`.' },
        clientSecret: { type: 'http', scheme: 'basic', description: 'The client by HTTP Basic.' },
      },
    },
  };
}
