import type { Provider, Type } from '@nestjs/common';
import { Bearer, SignIn, SubjectTokens } from '@strongroom/contracts';
import { OtherGrants } from '@strongroom/http';
import { AccessTokenForm } from './signing/access-token-form.js';
import { AccessTokens } from './signing/access-tokens.js';
import { Accounts } from './sign-in/accounts.js';
import { Apis } from './tokens/granted-apis.js';
import { ArtefactEntity } from './artefacts/artefact.entity.js';
import { ArtefactSweeper } from './artefacts/artefact-sweeper.js';
import { ArtefactsService } from './artefacts/artefacts.service.js';
import { AuthorizeRoutes } from './library/authorize.routes.js';
import { BearerService } from './signing/bearer.service.js';
import { ClientAuthentication } from './door/client-authentication.js';
import { ClientCredentialsGrant } from './tokens/client-credentials.grant.js';
import { ConsentController } from './sign-in/consent.controller.js';
import { ConsentEntity } from './sign-in/consent.entity.js';
import { ConsentService } from './sign-in/consent.service.js';
import { Consents } from './sign-in/consents.js';
import { DiscoveryController } from './signing/discovery.controller.js';
import { Interactions } from './sign-in/interactions.js';
import { Lockout } from './sign-in/lockout.js';
import { LoginController } from './sign-in/login.controller.js';
import { LoginService } from './sign-in/login.service.js';
import { CreateAuthorization1700000000102 } from './migrations/1700000000102-create-authorization.js';
import { ProviderConfiguration } from './library/provider-configuration.js';
import { ProviderHolder } from './library/provider-holder.js';
import { RefreshTargets } from './tokens/refresh-target.js';
import { RefreshTokenGrant } from './tokens/refresh-token.grant.js';
import { RefreshTokens } from './tokens/refresh-tokens.js';
import { RegisteredClients } from './door/registered-clients.js';
import { Replays, StoredReplays } from './door/replays.js';
import { RevocationController } from './door/revocation.controller.js';
import { RevocationService } from './door/revocation.service.js';
import { SignInRules } from './sign-in/sign-in-rules.js';
import { SignInService } from './sign-in/sign-in.service.js';
import { SigningKeyEntity } from './signing/signing-key.entity.js';
import { SigningKeys } from './signing/signing-keys.js';
import { StylesController } from './sign-in/styles.controller.js';
import { SubjectAccessToken } from './subjects/subject-access-token.js';
import { subjectReads } from './subjects/subject-reads.js';
import { SubjectProofs } from './subjects/subject-proofs.js';
import { SubjectRefreshToken } from './subjects/subject-refresh-token.js';
import { SubjectTokensService } from './subjects/subject-tokens.service.js';
import { SubjectWorker } from './subjects/subject-worker.js';
import { TokenEndpoint } from './door/token-endpoint.js';
import { doorParts } from './door/door.parts.js';
import { dpopParts } from './dpop/dpop.parts.js';
import { sessionsParts } from './sessions/sessions.parts.js';
import { signInParts } from './sign-in/sign-in.parts.js';
import { signingParts } from './signing/signing.parts.js';
import { UserinfoController } from './signing/userinfo.controller.js';
import { UserinfoService } from './signing/userinfo.service.js';

const parts = [dpopParts, doorParts, signingParts, signInParts, sessionsParts];

const controllers: Type[] = [
  ...parts.flatMap((one) => one.controllers),
  DiscoveryController,
  LoginController,
  ConsentController,
  StylesController,
  RevocationController,
  UserinfoController,
];

const providers: Provider[] = [
  ...parts.flatMap((one) => one.providers),
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
  SubjectProofs,
  SubjectRefreshToken,
  SubjectAccessToken,
  SubjectWorker,
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
  entities: [ArtefactEntity, ConsentEntity, SigningKeyEntity, ...parts.flatMap((one) => one.entities)],
  migrations: [CreateAuthorization1700000000102, ...parts.flatMap((one) => one.migrations)],
};
