import { Injectable } from '@nestjs/common';
import type { ResourceServerEntity } from '../apis/resource-server.entity.js';
import { DASHBOARD_CLIENT } from '../first-rows/built-in.js';
import { Apis } from '../tokens/granted-apis.js';
import type { UserEntity } from '../users/user.entity.js';

/** The one scope of the Management API that everybody may have: it is good for the own id alone. */
const OWN_IDENTITIES = 'update:current_user_identities';

/** Seconds: a person's token for the Management API. */
export const MANAGEMENT_SECONDS = 600;

export interface AskingClient {
  clientId: string;
  firstParty: boolean;
}

type Person = Pick<UserEntity, 'administrator'> | null;

/** Which scopes of an API a person may have through a client (`spec/wire-contract.md` §3.5). */
@Injectable()
export class PeoplesScopes {
  constructor(private readonly apis: Apis) {}

  /** Null: no token at all. `person` null: not known yet, so whatever somebody might have. */
  async of(
    { clientId, firstParty }: AskingClient,
    api: ResourceServerEntity,
    person: Person,
  ): Promise<string[] | null> {
    if (!this.apis.isManagement(api)) return this.apis.scopesForPeople(clientId, api);
    const all = api.scopes.map(({ value }) => value);
    const mayAdminister = clientId === DASHBOARD_CLIENT && (person?.administrator ?? true);
    if (mayAdminister) return all;
    return firstParty ? all.filter((scope) => scope === OWN_IDENTITIES) : null;
  }

  /** An administrator at the dashboard: every scope, asked for or not, without a question. */
  isAdministering({ clientId }: AskingClient, api: ResourceServerEntity, person: Person): boolean {
    return this.apis.isManagement(api) && clientId === DASHBOARD_CLIENT && person?.administrator === true;
  }
}
