import type { Provider, Type } from '@nestjs/common';
import { Bearer, SignIn, SubjectTokens } from '@strongroom/contracts';
import { OtherGrants } from '@strongroom/http';
import { AccessTokenForm } from './access-token-form.js';
import { AccessTokens } from './access-tokens.js';
import { Accounts } from './accounts.js';
import { Apis } from './apis.js';
import { ArtefactEntity } from './artefact.entity.js';
import { ArtefactSweeper } from './artefact-sweeper.js';
import { ArtefactsService } from './artefacts.service.js';
import { AuthorizeRoutes } from './authorize.routes.js';
import { BearerService } from './bearer.service.js';
import { ClientAuthentication } from './client-authentication.js';
import { ClientCredentialsGrant } from './client-credentials.grant.js';
import { ConsentController } from './consent.controller.js';
import { ConsentEntity } from './consent.entity.js';
import { ConsentService } from './consent.service.js';
import { Consents } from './consents.js';
import { DiscoveryController } from './discovery.controller.js';
import { Interactions } from './interactions.js';
import { Lockout } from './lockout.js';
import { LoginController } from './login.controller.js';
import { LoginService } from './login.service.js';
import { CreateAuthorization1700000000102 } from './migrations/1700000000102-create-authorization.js';
import { ProviderConfiguration } from './provider-configuration.js';
import { ProviderHolder } from './provider-holder.js';
import { RefreshTargets } from './refresh-target.js';
import { RefreshTokenGrant } from './refresh-token.grant.js';
import { RefreshTokens } from './refresh-tokens.js';
import { RegisteredClients } from './registered-clients.js';
import { Replays, StoredReplays } from './replays.js';
import { RevocationController } from './revocation.controller.js';
import { RevocationService } from './revocation.service.js';
import { SignInRules } from './sign-in-rules.js';
import { SignInService } from './sign-in.service.js';
import { SigningKeyEntity } from './signing-key.entity.js';
import { SigningKeys } from './signing-keys.js';
import { StylesController } from './styles.controller.js';
import { SubjectAccessToken } from './subject-access-token.js';
import { subjectReads } from './subject-reads.js';
import { SubjectRefreshToken } from './subject-refresh-token.js';
import { SubjectTokensService } from './subject-tokens.service.js';
import { TokenEndpoint } from './token-endpoint.js';
import { UserinfoController } from './userinfo.controller.js';
import { UserinfoService } from './userinfo.service.js';

const controllers: Type[] = [
  DiscoveryController,
  LoginController,
  ConsentController,
  StylesController,
  RevocationController,
  UserinfoController,
];

const providers: Provider[] = [
  ArtefactsService,
  ArtefactSweeper,
  SigningKeys,
  Apis,
  Accounts,
  Consents,
  SignInRules,
  AccessTokenForm,
  ProviderConfiguration,
  ProviderHolder,
  AuthorizeRoutes,
  Interactions,
  Lockout,
  LoginService,
  ConsentService,
  { provide: Replays, useClass: StoredReplays },
  ClientAuthentication,
  RegisteredClients,
  RefreshTokens,
  RefreshTargets,
  RefreshTokenGrant,
  ClientCredentialsGrant,
  RevocationService,
  UserinfoService,
  AccessTokens,
  ...subjectReads,
  SubjectRefreshToken,
  SubjectAccessToken,
  { provide: Bearer, useClass: BearerService },
  { provide: SubjectTokens, useClass: SubjectTokensService },
  { provide: SignIn, useClass: SignInService },
  { provide: OtherGrants, useClass: TokenEndpoint },
];

/** What the authorization server adds to the identity module. */
export const authorizationParts = {
  controllers,
  providers,
  /** Ports for the other contexts. */
  exports: [Bearer, SubjectTokens, SignIn, OtherGrants],
  entities: [ArtefactEntity, ConsentEntity, SigningKeyEntity],
  migrations: [CreateAuthorization1700000000102],
};
