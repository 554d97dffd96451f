import { Injectable } from '@nestjs/common';
import type { InteractionResults } from 'oidc-provider';
import { DataSource } from 'typeorm';
import { ClientEntity } from '../clients/client.entity.js';
import { Apis, isOidcScope } from '../tokens/granted-apis.js';
import { PageEndedError } from '../authorization.errors.js';
import type { ResourceServerEntity } from '../apis/resource-server.entity.js';
import { UserEntity } from '../users/user.entity.js';
import { Consents } from './consents.js';
import type { Interaction } from './interactions.js';
import { PeoplesScopes } from './peoples-scopes.js';
import { scopeList } from '../scope-list.js';
import { texts } from './texts.js';

export interface ConsentQuestion {
  /** Where the answer goes. */
  host: string;
  permissions: { scope: string; text: string }[];
}

/** Asks a person what a client may do, and keeps the answer. */
@Injectable()
export class ConsentService {
  constructor(
    private readonly database: DataSource,
    private readonly apis: Apis,
    private readonly scopes: PeoplesScopes,
    private readonly consents: Consents,
  ) {}

  async question(details: Interaction): Promise<ConsentQuestion> {
    const { scopes, api, apiScopes } = await this.asked(details);
    const described = new Map(api?.scopes.map(({ value, description }) => [value, description]));
    return {
      host: destinationOf(String(details.params['redirect_uri'])),
      permissions: [...scopes, ...apiScopes].map((scope) => ({
        scope,
        text: (isOidcScope(scope) ? texts.consent.scopes[scope] : described.get(scope)) || texts.consent.permission,
      })),
    };
  }

  async answer(details: Interaction, isAllowed: boolean): Promise<InteractionResults> {
    if (!isAllowed) return { error: 'access_denied', error_description: texts.consent.denied };
    const personId = details.session?.accountId;
    if (!personId) throw new PageEndedError(texts.problem.nobody);
    const { clientId, scopes, api, apiScopes } = await this.asked(details);
    if (scopes.length > 0) await this.consents.add(personId, clientId, '', scopes);
    if (api && apiScopes.length > 0) await this.consents.add(personId, clientId, api.identifier, apiScopes);
    return { consent: {} };
  }

  private async asked(details: Interaction) {
    const { params } = details;
    const clientId = String(params['client_id']);
    const audience = params['audience'];
    const api = typeof audience === 'string' && audience ? await this.apis.byIdentifier(audience) : null;
    const allowed = api ? await this.allowed(clientId, api, details.session?.accountId) : [];
    const all = scopeList(params['scope']);
    return {
      clientId,
      api,
      scopes: all.filter(isOidcScope),
      apiScopes: all.filter((scope) => allowed.includes(scope) && !isOidcScope(scope)),
    };
  }

  private async allowed(clientId: string, api: ResourceServerEntity, personId: string | undefined): Promise<string[]> {
    const { manager } = this.database;
    const client = await manager.findOneBy(ClientEntity, { clientId });
    if (!client) return []; // gone meanwhile, which the sign-in is told when it goes on
    const person = personId === undefined ? null : await manager.findOneBy(UserEntity, { personId });
    return (await this.scopes.of({ clientId, firstParty: client.isFirstParty }, api, person)) ?? [];
  }
}

/** The host; of an application on the person's own device, which has none, its scheme. */
function destinationOf(redirectUri: string): string {
  const { host, protocol } = new URL(redirectUri);
  return host || protocol;
}
