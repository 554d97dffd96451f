/** The three shapes of errors, one for each API, and which statuses a route can answer beside its good ones. */

const json = (schema) => ({ 'application/json': { schema } });
const ref = (name) => ({ $ref: `#/components/schemas/${name}` });

export const errorSchemas = {
  ManagementError: {
    type: 'object',
    required: ['statusCode', 'error', 'message'],
    additionalProperties: false,
    properties: {
      statusCode: { type: 'integer' },
      error: { type: 'string', description: 'The name of the status.' },
      message: { type: 'string', description: 'What is wrong and, where it can be said, what to do.' },
      errorCode: { type: 'string', description: 'Stays the same from version to version.' },
    },
  },
  Problem: {
    type: 'object',
    description: 'RFC 9457 in content.',
    required: ['type', 'title', 'status', 'detail'],
    additionalProperties: false,
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      validation_errors: {
        type: 'array',
        items: {
          type: 'object',
          required: ['detail'],
          additionalProperties: false,
          properties: {
            detail: { type: 'string' },
            field: { type: 'string' },
            pointer: { type: 'string' },
            source: { type: 'string', enum: ['body', 'query', 'uri'] },
          },
        },
      },
    },
  },
  OAuthError: {
    type: 'object',
    description: 'RFC 6749 §5.2.',
    required: ['error', 'error_description'],
    additionalProperties: false,
    properties: {
      error: { type: 'string', minLength: 1 },
      error_description: { type: 'string' },
      description: { type: 'string', description: 'The same again, for the libraries that look for it here.' },
      error_details: {
        type: 'object',
        description: 'More about a refused exchange: `reason`, and what helps. docs/exchange.md lists both.',
        properties: {
          reason: { type: 'string' },
          connection: { type: 'string' },
          cause: {
            type: ['string', 'null'],
            description: 'Why an account has to be connected again. Null: it has not, or there is none.',
          },
          account: {
            type: ['object', 'null'],
            description: 'Null: there is none.',
            required: ['id', 'login_hint'],
            properties: { id: { type: 'string' }, login_hint: { type: 'string' } },
          },
          accounts: {
            type: 'array',
            description: 'Those to choose from.',
            items: {
              type: 'object',
              required: ['id', 'login_hint', 'label'],
              properties: {
                id: { type: 'string' },
                login_hint: { type: 'string' },
                label: { type: ['string', 'null'] },
              },
            },
          },
          missing_scopes: { type: 'array', items: { type: 'string' } },
          connect: {
            type: 'object',
            description: 'What to post, as the person, to begin connecting. A hint and no permission.',
            required: ['endpoint', 'body'],
            properties: {
              endpoint: { type: 'string', format: 'uri' },
              body: { type: 'object', required: ['connection'], properties: { connection: { type: 'string' } } },
              page: {
                type: 'string',
                format: 'uri',
                description: 'Where the dashboard is: the person can do it there.',
              },
            },
          },
          setting: { type: 'string', description: 'The member of the client to change.' },
          retry_after: { type: 'integer', minimum: 1 },
        },
      },
    },
  },
};

const MEANING = {
  400: 'The request does not fit; every member that is wrong is named.',
  401: 'No token, or one that is no good here.',
  403: 'The token lacks the scope, or its owner may not do this.',
  404: 'There is no such thing.',
  405: 'The method is not offered here.',
  409: 'It conflicts with what is there.',
  413: 'The body is too large.',
  414: 'The address is too long.',
  415: 'The body is of another content type than the route takes.',
  429: 'Too many requests: come back after `Retry-After` seconds.',
  500: 'Something failed on our side.',
  502: 'The provider refused or could not be reached.',
  503: 'Not possible for the moment: come back after `Retry-After` seconds.',
};

const waits = {
  'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } },
};

export const errors = (statuses, schema, headers = {}) =>
  Object.fromEntries(
    statuses.map((status) => {
      const own = status === 429 || status === 503 ? { ...headers, ...waits } : headers;
      return [
        status,
        {
          description: MEANING[status],
          ...(Object.keys(own).length > 0 ? { headers: own } : {}),
          content: json(ref(schema)),
        },
      ];
    }),
  );

/** In the shape of its API, or, where the head could not be read so far as to know it, in that of any other. */
export const tooLong = {
  431: {
    description: 'The head of the request is too long.',
    content: json({ anyOf: ['ManagementError', 'Problem', 'OAuthError'].map((shape) => ref(shape)) }),
  },
};

const ABOUT = ['user_id', 'client_id'];

/** Routes that bring an answer of the provider, or none. */
const ASKS_PROVIDER = /\/(?:complete|refresh)$/;

/** What any route of an API can answer, by what it takes. */
export const statusesOf = ({ method, path, body, query }, queried) => [
  ...(body || query || path.includes(':') ? [400] : []),
  401,
  403,
  // Also for somebody who is asked about and is not there.
  // So does all of the My Account API where its resource server has been deleted.
  ...(path.includes(':') || body || path.startsWith('/me/') || queried.some((name) => ABOUT.includes(name))
    ? [404]
    : []),
  ...(method === 'GET' ? [] : [409]),
  ...(query || path.includes(':') ? [414] : []),
  ...(body ? [413, 415] : []),
  429,
  ...(ASKS_PROVIDER.test(path) ? [502] : []),
  503,
];
