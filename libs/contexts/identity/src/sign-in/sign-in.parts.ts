import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import { Logins } from './logins.js';
import { MfaController } from './mfa.controller.js';
import { PeoplesScopes } from './peoples-scopes.js';
import { Prompts } from './prompts.js';
import { RequestParameters } from './request-parameters.js';
import { SecondFactor } from './second-factor.js';
import { SelectController } from './select.controller.js';
import { SignInHooks } from './sign-in-hooks.js';
import { SignInSettings } from './sign-in-settings.js';
import { WebMessages } from './web-messages.js';

/** People sign in, allow, and are told what cannot go on. */
export const signInParts = {
  controllers: [SelectController, MfaController] as Type[],
  providers: [
    Logins,
    PeoplesScopes,
    Prompts,
    RequestParameters,
    SecondFactor,
    SignInHooks,
    SignInSettings,
    WebMessages,
  ] as Provider[],
  entities: [] as (new () => object)[],
  migrations: [] as (new () => MigrationInterface)[],
};
