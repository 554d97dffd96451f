import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Repository } from 'typeorm';
import type { ClientEntity } from '../clients/client.entity.js';
import { clientMetadata } from './client-metadata.js';
import { mayFindClient } from '../door/door-pass.js';

/** Shows the library the registry's clients, read only, and only those the door lets through. */
export class ClientAdapter implements Adapter {
  constructor(private readonly clients: Repository<ClientEntity>) {}

  async find(clientId: string): Promise<AdapterPayload | undefined> {
    if (!mayFindClient(clientId)) return undefined;
    const row = await this.clients.findOneBy({ clientId });
    return row ? clientMetadata(row) : undefined;
  }

  upsert(): Promise<void> {
    return refuse();
  }

  destroy(): Promise<void> {
    return refuse();
  }

  consume(): Promise<void> {
    return refuse();
  }

  revokeByGrantId(): Promise<void> {
    return refuse();
  }

  findByUid(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  findByUserCode(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

const refuse = (): Promise<never> => Promise.reject(new Error('clients are written by the registry only'));
