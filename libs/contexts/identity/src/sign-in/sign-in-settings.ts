import { Injectable } from '@nestjs/common';
import type { Configuration, Provider } from 'oidc-provider';
import { OIDC_SCOPES } from '../tokens/granted-apis.js';
import { Accounts, CLAIMS } from './accounts.js';
import { pageOf, Prompts } from './prompts.js';
import { refusalPage } from './refusal-page.js';
import { RequestParameters } from './request-parameters.js';
import { SignInHooks } from './sign-in-hooks.js';
import { SignInRules } from './sign-in-rules.js';

/** What the library is told of people: who they are, what they are asked, what their sign-in leads to. */
@Injectable()
export class SignInSettings {
  constructor(
    private readonly accounts: Accounts,
    private readonly rules: SignInRules,
    private readonly prompts: Prompts,
    private readonly parameters: RequestParameters,
    private readonly hooks: SignInHooks,
  ) {}

  build() {
    return {
      claims: CLAIMS,
      scopes: [...OIDC_SCOPES],
      conformIdTokenClaims: false,
      findAccount: (_, personId) => this.accounts.find(personId),
      loadExistingGrant: (ctx) => this.rules.grant(ctx),
      renderError: (ctx, out, error) => refusalPage(ctx, out, error),
      interactions: { url: (_, interaction) => pageOf(interaction), policy: this.prompts.policy() },
      extraParams: this.parameters.validators(),
    } satisfies Configuration;
  }

  /** Which APIs a sign-in may name, and what it gets of them. */
  resources() {
    return {
      enabled: true,
      defaultResource: async (ctx) => await this.rules.resource(ctx),
      getResourceServerInfo: (ctx, urn) => this.rules.api(ctx, urn),
      useGrantedResource: () => true,
    } satisfies NonNullable<Configuration['features']>['resourceIndicators'];
  }

  grantLifetime(...about: Parameters<SignInRules['grantLifetime']>): number {
    return this.rules.grantLifetime(...about);
  }

  /** What a provider that was built is given besides. */
  complete(provider: Provider): void {
    this.hooks.register(provider);
  }
}
