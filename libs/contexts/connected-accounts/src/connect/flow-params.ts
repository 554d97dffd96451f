import { type Problem, ValidationError } from '@strongroom/http';
import {
  type Catalogue,
  isOwnedParameter,
  isParameterValue,
  MissingParametersError,
  type ProviderConnection,
  type ProviderEntry,
  type ResolvedProvider,
} from '@strongroom/providers';
import { AUTHORIZATION_PARAMS } from './connect.schema.js';
import type { ConnectParams } from './connect-session.entity.js';

type Values = Record<string, string>;

export interface FlowParams {
  /** Wishes for the authorization request. */
  authorizationParams: ConnectParams;
  /** What the provider's addresses are made with: a shop, a sub-domain. */
  params: Values;
  provider: ResolvedProvider;
}

/**
 * Divides `authorization_params` of a connect request into what the provider's entry wants to know of a person and what
 * may be passed on. `kept` is what the account that is connected again was made with; the request wins over it.
 *
 * @throws ValidationError that names each member, and says what would be accepted
 * @throws ConnectionMisconfiguredError where only an administrator can help
 */
export function flowParams(
  catalogue: Catalogue,
  connection: ProviderConnection,
  given: ConnectParams,
  kept: Values,
): FlowParams {
  const entry = catalogue.entryOf(connection);
  const ofPerson = declared(entry, 'user').map(([name]) => name);
  const said = Object.entries(given).filter(([, value]) => value !== '');
  const params = Object.fromEntries(
    [...Object.entries(kept), ...said]
      .filter(([name]) => ofPerson.includes(name))
      .map(([name, value]) => [name, String(value)]),
  );
  const provider = resolved(catalogue, connection, entry, params);
  refuse([
    ...unknownIn(given, provider, ofPerson),
    // An administrator's value is not overruled; going on with it would connect another account than was asked for.
    ...Object.entries(params)
      .filter(([name, value]) => provider.params[name] !== value)
      .map(([name]) => problem(name, 'has another value in this connection and must be left out')),
  ]);
  const authorizationParams = Object.fromEntries(said.filter(([name]) => !ofPerson.includes(name)));
  return { authorizationParams, params, provider };
}

/**
 * What the callback tells of the provider's addresses. Null: a value that is missing, or that could lead elsewhere. It
 * is believed only once the vault has checked the signature, where there is one.
 */
export function callbackParams(entry: ProviderEntry, query: Values): Values | null {
  const told = declared(entry, 'callback');
  const given = told.filter(([name]) => Object.hasOwn(query, name));
  if (given.some(([name, param]) => !isParameterValue(param, query[name]!))) return null;
  if (told.some(([name, { required }]) => required && !Object.hasOwn(query, name))) return null;
  return Object.fromEntries(given.map(([name]) => [name, query[name]!]));
}

const declared = ({ params }: ProviderEntry, source: 'user' | 'callback') =>
  Object.entries(params).filter(([, param]) => param.source === source);

function unknownIn(given: ConnectParams, { entry, upstream }: ResolvedProvider, ofPerson: string[]): Problem[] {
  const { passthrough, scopeParam } = entry.authorization;
  const names = [...ofPerson, ...AUTHORIZATION_PARAMS, ...passthrough, ...Object.values(upstream.aliases)];
  const accepted = [...new Set(names)].filter((name) => !isOwnedParameter(name) && name !== scopeParam);
  return Object.keys(given)
    .filter((name) => !accepted.includes(name))
    .map((name) => problem(name, `is not accepted; this connection takes ${accepted.join(', ')}`));
}

function resolved(
  catalogue: Catalogue,
  connection: ProviderConnection,
  entry: ProviderEntry,
  params: Values,
): ResolvedProvider {
  try {
    return catalogue.resolve(connection, params);
  } catch (error) {
    if (error instanceof MissingParametersError)
      refuse(
        error.parameters
          .filter(({ source }) => source === 'user')
          .map(({ name, fault }) => {
            const form = `must match ${entry.params[name]!.pattern}`;
            return problem(name, fault === 'invalid' ? form : `is required by the provider; it ${form}`);
          }),
      );
    throw error;
  }
}

function refuse(problems: Problem[]): void {
  if (problems.length > 0) throw new ValidationError('body', problems);
}

const problem = (name: string, detail: string): Problem => ({ path: ['authorization_params', name], detail });
