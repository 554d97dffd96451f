import { Column, CreateDateColumn, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** What a person allowed a client, consent that was skipped included (`/api/v2/grants`). */
@Entity('consents')
@Unique(['personId', 'clientId', 'audience'])
export class ConsentEntity {
  @PrimaryColumn('uuid', { default: () => 'gen_random_uuid()' }) id!: string;
  @Column('uuid', { name: 'person_id' }) personId!: string;
  @Index() @Column('text', { name: 'client_id' }) clientId!: string;
  /** Identifier of an API; '' for the OpenID scopes alone. */
  @Column('text') audience!: string;
  @Column('jsonb') scopes!: string[];
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
