import { Injectable } from '@nestjs/common';
import type { InteractionResults } from 'oidc-provider';
import { DataSource } from 'typeorm';
import { ClientEntity } from '../clients/client.entity.js';
import { Apis, isOidcScope } from '../tokens/granted-apis.js';
import { PageEndedError } from '../authorization.errors.js';
import { Consents } from './consents.js';
import type { Interaction } from './interactions.js';
import { scopeList } from '../scope-list.js';

const OIDC_TEXT: Record<string, string> = {
  openid: 'Know who you are',
  profile: 'See your name and picture',
  email: 'See your email address',
  phone: 'See your phone number',
  offline_access: 'Keep this access while you are away',
};

export interface ConsentQuestion {
  clientName: string;
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
    private readonly consents: Consents,
  ) {}

  async question(details: Interaction): Promise<ConsentQuestion> {
    const { clientId, scopes, api, apiScopes } = await this.asked(details);
    const client = await this.database.getRepository(ClientEntity).findOneByOrFail({ clientId });
    const described = new Map(api?.scopes.map(({ value, description }) => [value, description]));
    return {
      clientName: client.name,
      host: new URL(String(details.params['redirect_uri'])).host,
      permissions: [...scopes, ...apiScopes].map((scope) => ({
        scope,
        text: OIDC_TEXT[scope] ?? described.get(scope) ?? '',
      })),
    };
  }

  async answer(details: Interaction, isAllowed: boolean): Promise<InteractionResults> {
    if (!isAllowed) return { error: 'access_denied', error_description: 'the person did not allow it' };
    const personId = details.session?.accountId;
    if (!personId) throw new PageEndedError('Nobody is signed in any more.');
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
    const allowed = (api && (await this.apis.scopesForPeople(clientId, api))) ?? [];
    const all = scopeList(params['scope']);
    return {
      clientId,
      api,
      scopes: all.filter(isOidcScope),
      apiScopes: all.filter((scope) => allowed.includes(scope)),
    };
  }
}
