import { readFileSync } from 'node:fs';
import { keepDigits } from '../read-body.js';
import shippedFile from './provider-fixtures.json' with { type: 'json' };

/** `spec/providers.md` §9: what a provider is sent and what it answers. */
export interface FixtureFile {
  version: number;
  note?: string;
  given: FixtureGiven;
  providers: Record<string, Fixture>;
}

/** Made-up values that all requests of the file hold. */
export interface FixtureGiven {
  /** Seconds since 1970. */
  now: number;
  clientId: string;
  clientSecret: string;
  state: string;
  nonce: string;
  code: string;
  codeVerifier: string;
  codeChallenge: string;
  accessToken: string;
  refreshToken: string;
}

export interface FixtureRequest {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface FixtureResponse {
  /** Null: no answer came. */
  status: number | null;
  headers?: Record<string, string>;
  body?: string;
}

export interface Fixture {
  /** Values of the file's `given` may be replaced here. */
  given: Partial<FixtureGiven> & {
    redirectUri: string;
    params?: Record<string, string>;
    metadata?: Record<string, unknown>;
    /** Asked. */
    scopes: string[];
    /** Before a refresh. */
    granted?: string[];
    clientAuth?: string;
    /** Consent is forced. */
    reconnect?: boolean;
    idTokenClaims?: Record<string, unknown>;
  };
  authorize?: FixtureRequest;
  /** What is sent; `identity` where no document says who it is, `discovery` and `keys` where the provider has them. */
  requests: Partial<
    Record<'exchange' | 'refresh' | 'revoke' | 'identity' | 'introspect' | 'discovery' | 'keys', FixtureRequest>
  >;
  cases: Record<string, FixtureCase>;
}

export interface FixtureCaseGiven extends Omit<Partial<Fixture['given']>, 'clientAuth'> {
  /** Null: the administrator chose none. */
  clientAuth?: string | null;
  /** What a caller passes on. */
  callerParams?: Record<string, string>;
  /** False: the flow fills no vault. */
  offline?: boolean;
  /** Fewer scopes than were granted, asked for in a refresh. */
  narrowTo?: string[];
}

export interface FixtureCase {
  phase: 'authorize' | 'exchange' | 'refresh' | 'identity' | 'revoke' | 'api';
  source?: string;
  /** Goes over the provider's. */
  given?: FixtureCaseGiven;
  response?: FixtureResponse;
  /** Where the browser was sent back to. */
  callback?: string;
  /** Where the browser is sent; null: the request is refused. */
  authorize?: FixtureRequest | null;
  documents?: Record<string, unknown>;
  tokens?: { accessToken: string | null; refreshToken: string | null };
  /** What is sent in place of the provider's; null: nothing. */
  request?: FixtureRequest | null;
  expect: Record<string, unknown>;
}

/** Nothing checks it but the tests that play it; those fail where it is none. */
const asFixtures = (document: object): FixtureFile => document as FixtureFile;

const shipped = asFixtures(shippedFile);

/** The shipped fixtures, with those of further files over them, provider by provider. */
export function loadFixtures(files: readonly string[] = []): FixtureFile {
  const all = [shipped, ...files.map(read)];
  return {
    ...all[0]!,
    providers: Object.assign({}, ...all.map(withGiven)) as Record<string, Fixture>,
  };
}

/** Numbers of a document that would be rounded stay as they were written, as in an answer. */
const read = (file: string): FixtureFile =>
  asFixtures(JSON.parse(readFileSync(file, 'utf8'), keepDigits as Parameters<typeof JSON.parse>[1]) as object);

const usualGiven = (id: string) => ({ redirectUri: `https://vault.example/connect/callback/${id}`, scopes: [] });

/** Each provider keeps the values its own file was recorded with; what it does not say was not there. */
const withGiven = ({ given, providers }: FixtureFile): Record<string, Fixture> =>
  Object.fromEntries(
    Object.entries(providers).map(([id, fixture]) => [
      id,
      {
        ...fixture,
        requests: fixture.requests ?? {},
        cases: fixture.cases ?? {},
        given: {
          ...shipped.given,
          ...usualGiven(id),
          ...given,
          ...fixture.given,
        },
      },
    ]),
  );
