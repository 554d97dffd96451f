import { Injectable } from '@nestjs/common';
import { type Actor, tokensetReconnectRequired } from '@strongroom/contracts';
import { Outbox } from '@strongroom/messaging';
import { DataSource } from 'typeorm';
import type { Place } from '../custody/custody.js';
import { requireReconnect } from '../refresh/reconnect-verdict.js';
import type { ReconnectReason } from '../tokensets.errors.js';
import { stateOf } from '../tokenset-state.js';

/** What a read finds out about a tokenset without asking the provider. Written once, with its event. */
@Injectable()
export class Verdicts {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
  ) {}

  /** False: the credential is another one by now, or somebody has written a verdict already. */
  reconnect(place: Place, reason: ReconnectReason, actor: Actor): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const condition = 'cred_version = $3 AND token_origin = $4';
      const row = await requireReconnect(tx, place.tokensetId, reason, condition, [
        place.credVersion,
        place.tokenOrigin,
      ]);
      if (!row) return false;
      await this.outbox.add(tx, tokensetReconnectRequired, {
        id: row.id,
        sequence: row.eventVersion,
        data: { ...stateOf(row), class: reason, code: null, actor },
      });
      return true;
    });
  }
}
