import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { endArtefacts } from '../artefacts/end-artefacts.js';
import { ConsentEntity } from './consent.entity.js';

/** What a person allowed a client, by API; '' stands for the OpenID scopes. */
@Injectable()
export class Consents {
  constructor(private readonly database: DataSource) {}

  async given(personId: string, clientId: string): Promise<Map<string, string[]>> {
    const rows = await this.database.getRepository(ConsentEntity).findBy({ personId, clientId });
    return new Map(rows.map(({ audience, scopes }) => [audience, scopes]));
  }

  /** Adds to what was allowed before; nothing is written where nothing is new, or for a client that is gone meanwhile. */
  async add(personId: string, clientId: string, audience: string, scopes: string[]): Promise<void> {
    await this.database.query(
      `insert into consents as c (person_id, client_id, audience, scopes)
       select $1::uuid, client_id, $3, $4::jsonb from clients where client_id = $2 for key share
       on conflict (person_id, client_id, audience) do update
         set scopes = (select jsonb_agg(distinct scope) from jsonb_array_elements_text(c.scopes || excluded.scopes) scope)
         where not c.scopes @> excluded.scopes`,
      [personId, clientId, audience, JSON.stringify(scopes)],
    );
  }

  /**
   * Ends a grant that was written just now on consents of which one is gone again: whoever took it back did not see the
   * grant, and waits or is waited for here.
   */
  async endUnless(personId: string, clientId: string, audiences: string[], grantId: string): Promise<void> {
    for (const audience of audiences) {
      const stands = await this.database.query<unknown[]>(
        'select 1 from consents where person_id = $1 and client_id = $2 and audience = $3 for share',
        [personId, clientId, audience],
      );
      if (stands.length === 0) return endArtefacts(this.database, 'grant_id', grantId);
    }
  }
}
