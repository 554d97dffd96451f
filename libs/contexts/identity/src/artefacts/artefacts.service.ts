import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { endArtefacts } from './end-artefacts.js';

/** Ends what was handed out, in the transaction of whoever ends its reason: it counts from that commit on. */
@Injectable()
export class ArtefactsService {
  /** Sessions, grants, codes and refresh tokens of a person who was blocked or deleted. */
  async endOfPerson(tx: EntityManager, personId: string): Promise<void> {
    await endArtefacts(tx, 'person_id', personId);
  }

  /** The same for a client; sessions are of the person and stay. */
  async endOfClient(tx: EntityManager, clientId: string): Promise<void> {
    await tx.query('delete from artefacts where client_id = $1', [clientId]);
    await tx.query('delete from consents where client_id = $1', [clientId]);
  }

  /** A grant and every token under it. */
  async endOfGrant(tx: EntityManager, grantId: string): Promise<void> {
    await endArtefacts(tx, 'grant_id', grantId);
  }
}
