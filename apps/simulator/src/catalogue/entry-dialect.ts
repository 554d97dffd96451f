import { callbackSignature } from '@strongroom/providers';
import type { Asked, Call, Dialect, Fault, RefusalDetails, TokenAnswer } from '../dialect.js';
import type { Consent, Grant } from '../grants.js';
import type { Answer } from '../http.js';
import type { IdTokens } from '../id-tokens.js';
import { newSecret } from '../secrets.js';
import { settingsFor, type CallPhase, type ProviderSettings } from '../settings.js';
import { type Addresses, filled } from './addresses.js';
import { isProven } from './client-proof.js';
import { endpointsOf, isCustom, type Endpoints } from './endpoints.js';
import { capturedValues } from './callback-values.js';
import { defaultsOf, usualSeconds } from './entry-settings.js';
import { casesOf, type Part } from './entry.js';
import { optionsOf } from './overlay.js';
import { Persona } from './persona.js';
import { tokenRequestFault } from './request-checks.js';
import { tokenBody } from './token-body.js';
import { Wording } from './wording.js';

/** Entries may write scopes otherwise than they are asked for. */
const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** What the simulator lends to a provider it plays. */
export interface Stage {
  addresses: Addresses;
  idTokens: IdTokens;
  settings: () => ProviderSettings;
  wallNow: () => number;
  newSecret: () => string;
}

/** A provider as its entry of the catalogue and its recorded answers say; nothing here knows which one it is. */
export class EntryDialect implements Dialect {
  readonly defaults: ProviderSettings;
  readonly accessTokenSeconds: number;
  readonly codeSeconds: number;
  readonly codeParam: string;
  readonly connectionOptions: Record<string, unknown>;
  readonly persona: Persona;
  readonly endpoints: Endpoints;
  private readonly wording: Wording;
  private readonly assertions = new Set<string>();

  constructor(
    readonly part: Part,
    private readonly stage: Stage,
  ) {
    const { authorization } = part.entry;
    this.defaults = defaultsOf(part);
    this.accessTokenSeconds = usualSeconds(part);
    this.codeSeconds = authorization.codeTtlSeconds ?? 60;
    this.connectionOptions = optionsOf(part, stage.addresses);
    this.codeParam = authorization.callback.codeParam;
    this.persona = new Persona(part);
    this.endpoints = endpointsOf(part);
    this.wording = new Wording(part, stage.wallNow);
  }

  scopesOf({ query }: Asked): string[] | null {
    const { scopeParam, scopeDelimiter } = this.part.entry.authorization;
    if (scopeParam === '') return [];
    const said = query.get(scopeParam) ?? '';
    if (isCustom(this.part.entry)) return said.split(/[ ,]+/).filter(Boolean);
    const scopes = said.split(scopeDelimiter).filter(Boolean);
    const foreign = scopeDelimiter === ' ' ? ',' : ' ';
    return scopes.some((scope) => scope.includes(foreign)) ? null : scopes;
  }

  scopesIn(text: string): string[] {
    return text
      .split(this.part.entry.authorization.scopeDelimiter)
      .flatMap((one) => one.split(/[ ,]+/))
      .filter(Boolean);
  }

  labelOf(scope: string): string {
    const found = this.part.entry.scopes.find(({ value, same = [] }) => [value, ...same].includes(scope));
    return found?.label ?? scope;
  }

  isNeeded(scope: string): boolean {
    const { baseScopes, offlineScopes } = this.part.entry.authorization;
    return [...baseScopes, ...offlineScopes].some((one) => isSame(one, scope));
  }

  problemOf({ query }: Asked, { requirePkce }: ProviderSettings): string | null {
    const { pkce, authorization } = this.part.entry;
    const isChallenged = query.has('code_challenge');
    if (isChallenged && pkce === 'unsupported') return 'code_challenge is not known here';
    if (isChallenged ? query.get('code_challenge_method') !== 'S256' : requirePkce) return 'PKCE with S256 is needed';
    const missing = Object.keys(authorization.params).find((name) => !query.has(name));
    return missing === undefined ? null : `${missing} is missing`;
  }

  isOffline({ query }: Asked, granted: string[], { issueRefreshToken }: ProviderSettings): boolean {
    const { offlineScopes, offlineParams } = this.part.entry.authorization;
    const asks = Object.entries(offlineParams).every(([name, value]) => query.get(name) === value);
    const isGranted = (scope: string) => granted.some((one) => isSame(one, scope));
    return issueRefreshToken && asks && offlineScopes.every(isGranted);
  }

  /** Parameters of the entry that only the query of an authorization request tells. */
  paramsOf({ query, params }: Asked): Record<string, string> {
    const { authorization } = this.part.entry;
    const templates = { ...authorization.params, ...authorization.offlineParams, ...authorization.reconnectParams };
    const told = Object.entries(templates).flatMap(([name, template]) => {
      const placeholder = /^\{([\w-]+)\}$/.exec(template)?.[1];
      const value = query.get(name);
      return placeholder === undefined || value === null ? [] : [[placeholder, value] as const];
    });
    return { ...params, ...Object.fromEntries(told) };
  }

  issuer(params: Record<string, string>): string {
    return this.stage.addresses.here(filled(this.endpoints.issuer ?? this.endpoints.token, params));
  }

  callback({ person, params }: Pick<Consent, 'person' | 'params'>): [string, string][] {
    return capturedValues(this.part, this.persona, this.endpoints, { person, params });
  }

  denial(): [string, string][] {
    const seen = casesOf(this.part).find(
      ({ callback, expect }) => callback !== undefined && expect['class'] === 'user_denied',
    );
    const members = seen ? [...new URL(seen.callback!).searchParams] : [];
    const said = members.filter(([name]) => name.startsWith('error'));
    return said.length > 0 ? said : [['error', 'access_denied']];
  }

  signature(members: [string, string][], { clientSecret }: ProviderSettings): [string, string][] {
    const { signature } = this.part.entry.authorization.callback;
    if (!signature) return [];
    return [[signature.param, callbackSignature(signature, Object.fromEntries(members), clientSecret)]];
  }

  tokenPhase({ members: { values }, role }: Pick<Call, 'members' | 'role'>): 'exchange' | 'refresh' {
    if (role === 'refresh' || values?.['refresh_token'] !== undefined) return 'refresh';
    const { refreshGrantType } = this.part.entry.tokenRequest;
    return refreshGrantType !== null && values?.['grant_type'] === refreshGrantType ? 'refresh' : 'exchange';
  }

  async tokenProblem(call: Call, settings: ProviderSettings): Promise<Fault | null> {
    const fault = tokenRequestFault(this.part.entry, call);
    if (fault === 'bad_request') return fault;
    return (await this.isClient(call, settings)) ? fault : 'bad_client';
  }

  /** As at the token endpoint. */
  isClient(call: Call, settings: ProviderSettings): Promise<boolean> {
    const { methods, refreshMethods, basicEncoding, assertion } = this.part.entry.clientAuth;
    const here = (url: string) => this.stage.addresses.here(filled(url, call.params));
    return isProven(call, settings, {
      methods: call.phase === 'refresh' ? (refreshMethods ?? methods) : methods,
      basicEncoding,
      audiences: assertion.audience === 'issuer' ? [this.issuer(call.params)] : [here(this.endpoints.token)],
      algs: assertion.algs,
      seen: this.assertions,
      now: new Date(this.stage.wallNow()),
    });
  }

  repeatsRedirectUri({ members }: Call, { consent }: Grant): boolean {
    const { refreshRedirectUri } = this.part.entry.tokenRequest;
    return !refreshRedirectUri || members.values?.['redirect_uri'] === consent.redirectUri;
  }

  async tokens({ phase, grant, tokens }: TokenAnswer): Promise<Answer> {
    const settings = settingsFor(this.stage.settings(), grant.person);
    const { person, consent } = grant;
    const answer = tokenBody(this.part, {
      phase,
      grant,
      tokens,
      idToken: await this.idToken(phase, consent, settings),
      sayLifetime: (settings.announcedSeconds ?? settings.accessTokenSeconds) !== null,
      refreshTokenSeconds: settings.testingMode ? 7 * 24 * 3600 : null,
      now: this.stage.wallNow(),
      personal: (template) => this.persona.about('token', person, consent.params, template ?? null),
      newSecret: this.stage.newSecret,
    });
    grant.told = answer.body;
    return answer;
  }

  refusal(phase: CallPhase, fault: Fault, details?: RefusalDetails): Answer {
    return this.wording.refusal(phase, fault, details);
  }

  private async idToken(
    phase: 'exchange' | 'refresh',
    { person, params, nonce, asked }: Consent,
    settings: ProviderSettings,
  ): Promise<string | null> {
    const { entry, fixture } = this.part;
    const isAsked = entry.kind === 'oidc' || (asked.includes('openid') && fixture?.given.idTokenClaims !== undefined);
    if (!isAsked) return null;
    const names = this.persona.claimNames();
    const claims = Object.fromEntries(names.map((name) => [name, this.persona.claim(name, params)]));
    return this.stage.idTokens.sign({
      issuer: this.issuer({ ...params, ...claims }),
      audience: settings.clientId,
      nonce: phase === 'exchange' ? nonce : null,
      claims: {
        ...this.persona.about('id_token', person, params),
        ...claims,
        sub: this.persona.sub(person),
        jti: newSecret('jti'),
      },
      now: this.stage.wallNow(),
      fault: settings.idToken,
    });
  }
}
