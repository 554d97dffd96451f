import type { Asked, Call, Dialect, Fault, RefusalDetails, TokenAnswer } from '../dialect.js';
import { json, type Answer } from '../http.js';
import type { IdTokens } from '../id-tokens.js';
import { claimsOf } from '../people.js';
import { newSecret } from '../secrets.js';
import { providerSettings, settingsFor, type CallPhase, type ProviderSettings } from '../settings.js';
import { isClient } from './client-authentication.js';

const ERRORS: Record<Fault, [status: number, error: string]> = {
  bad_request: [400, 'invalid_request'],
  bad_grant_type: [400, 'unsupported_grant_type'],
  bad_client: [401, 'invalid_client'],
  dead_code: [400, 'invalid_grant'],
  dead_token: [400, 'invalid_grant'],
  wide_scope: [400, 'invalid_scope'],
  blocked: [400, 'invalid_grant'],
  race: [503, 'temporarily_unavailable'],
  limited: [429, 'slow_down'],
  passing: [503, 'temporarily_unavailable'],
};

/** A provider of no particular make: RFC 6749 to the letter, shaped a little by its settings. */
export class PlainDialect implements Dialect {
  readonly defaults = providerSettings.parse({});
  readonly accessTokenSeconds = 3600;
  readonly codeSeconds = 60;
  readonly codeParam = 'code';
  readonly connectionOptions: Record<string, unknown>;

  constructor(
    private readonly address: string,
    private readonly idTokens: IdTokens,
    private readonly settings: () => ProviderSettings,
    private readonly now: () => number,
  ) {
    this.connectionOptions = { authorizationURL: `${address}/authorize`, tokenURL: `${address}/token` };
  }

  scopesOf = ({ query }: Asked): string[] => this.scopesIn(query.get('scope') ?? '');

  scopesIn = (text: string): string[] => text.split(/[ ,]+/).filter(Boolean);

  labelOf = (scope: string): string => scope;

  problemOf({ query }: Asked, { requirePkce }: ProviderSettings): string | null {
    const method = query.get('code_challenge_method');
    return (query.has('code_challenge') ? method !== 'S256' : requirePkce) ? 'PKCE with S256 is needed' : null;
  }

  isOffline = (_asked: Asked, _granted: string[], { issueRefreshToken }: ProviderSettings): boolean =>
    issueRefreshToken;

  isNeeded = (): boolean => false;

  paramsOf = (): Record<string, string> => ({});

  issuer = (): string => this.address;

  callback = (): [string, string][] => [];

  denial = (): [string, string][] => [['error', 'access_denied']];

  signature = (): [string, string][] => [];

  tokenPhase({ members: { values } }: Pick<Call, 'members'>): 'exchange' | 'refresh' | null {
    const type = values?.['grant_type'];
    return type === 'refresh_token' ? 'refresh' : type === 'authorization_code' ? 'exchange' : null;
  }

  tokenProblem(call: Call, settings: ProviderSettings): Promise<Fault | null> {
    const { request, members } = call;
    const problem =
      request.method !== 'POST' || members.encoding !== 'form' || members.values === null
        ? 'bad_request'
        : !isClient(request, members.values, settings)
          ? 'bad_client'
          : this.tokenPhase(call) === null
            ? 'bad_grant_type'
            : null;
    return Promise.resolve(problem);
  }

  repeatsRedirectUri = (): boolean => true;

  async tokens({ phase, grant, tokens }: TokenAnswer): Promise<Answer> {
    const settings = settingsFor(this.settings(), grant.person);
    const seconds = tokens.accessTokenSeconds;
    return json(
      200,
      {
        access_token: tokens.accessToken,
        ...(settings.tokenType === null ? {} : { token_type: settings.tokenType }),
        ...(settings.expiresIn === 'absent'
          ? {}
          : { expires_in: settings.expiresIn === 'string' ? `${seconds}` : seconds }),
        ...(tokens.refreshToken === null ? {} : { refresh_token: tokens.refreshToken }),
        ...scopeMember(tokens.scopes, settings.scopeShape),
        ...(settings.issueIdToken ? { id_token: await this.idToken(grant.person, phase, grant.consent.nonce) } : {}),
      },
      { pragma: 'no-cache' },
    );
  }

  refusal(_phase: CallPhase, fault: Fault, { waitSeconds, echo }: RefusalDetails = {}): Answer {
    const [status, error] = ERRORS[fault];
    const text = `The simulator refuses this request${echo === undefined ? '' : ` about ${echo}`}.`;
    return json(
      status,
      { error, error_description: text },
      waitSeconds === undefined ? {} : { 'retry-after': String(waitSeconds) },
    );
  }

  private idToken(person: string, phase: 'exchange' | 'refresh', nonce: string | null): Promise<string> {
    const settings = settingsFor(this.settings(), person);
    return this.idTokens.sign({
      issuer: this.address,
      audience: settings.clientId,
      nonce: phase === 'exchange' ? nonce : null,
      claims: { ...claimsOf(person), jti: newSecret('jti') },
      now: this.now(),
      fault: settings.idToken,
    });
  }
}

function scopeMember(scopes: string[], shape: ProviderSettings['scopeShape']): { scope?: string | string[] } {
  if (shape === 'absent') return {};
  return { scope: shape === 'array' ? scopes : scopes.join(shape === 'comma' ? ',' : ' ') };
}
