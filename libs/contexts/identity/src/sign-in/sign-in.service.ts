import { Injectable } from '@nestjs/common';
import { SignIn } from '@strongroom/contracts';
import { DataSource } from 'typeorm';
import { CONNECT_CLIENT } from '../first-rows/built-in.js';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { SignInRefusedError } from '../authorization.errors.js';
import { sha256 } from '../hash.js';

interface Redeemed {
  grant_id: string;
  challenge: string | null;
  person_id: string | null;
  user_id: string | null;
  blocked: boolean | null;
}

/** Who signed in on the pages of the connect flow. */
@Injectable()
export class SignInService extends SignIn {
  constructor(
    private readonly database: DataSource,
    private readonly artefacts: ArtefactsService,
  ) {
    super();
  }

  /** The code is used up by the first caller, right or wrong; nothing was granted, so nothing is left of it. */
  override async redeem(code: string, codeVerifier: string): Promise<{ personId: string; userId: string }> {
    const found = await this.consume(code);
    if (!found) throw new SignInRefusedError();
    await this.database.transaction((tx) => this.artefacts.endOfGrant(tx, found.grant_id));
    const { challenge, person_id: personId, user_id: userId, blocked } = found;
    const isTheirs = challenge !== null && challenge === sha256(codeVerifier).toString('base64url');
    if (!isTheirs || personId === null || userId === null || blocked) throw new SignInRefusedError();
    return { personId, userId };
  }

  private async consume(code: string): Promise<Redeemed | undefined> {
    const rows: Redeemed[] = await this.database.query(
      `with used as (
         update artefacts set consumed_at = clock_timestamp()
         where kind = 'AuthorizationCode' and id_hash = $1 and client_id = $2 and consumed_at is null
           and expires_at > clock_timestamp()
         returning grant_id, person_id, payload)
       select used.grant_id, used.payload->>'codeChallenge' as challenge, u.person_id, u.user_id, u.blocked
       from used left join users u on u.person_id = used.person_id`,
      [sha256(code), CONNECT_CLIENT],
    );
    return rows[0];
  }
}
