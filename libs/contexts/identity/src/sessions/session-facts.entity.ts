import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A browser's session as it is shown, beside the row that the library keeps of it. It outlives that row by an hour: a
 * session that was ended while a request was under way in it must not come back when that request is done.
 */
@Entity('session_facts')
export class SessionFactsEntity {
  /** `sid` of its tokens. */
  @PrimaryColumn('text') uid!: string;
  @Index() @Column('uuid', { name: 'person_id' }) personId!: string;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt!: Date;
  /** Each time that the browser came by. */
  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' }) updatedAt!: Date;
  @Column('text', { name: 'initial_ip', nullable: true }) initialIp!: string | null;
  @Column('text', { name: 'initial_user_agent', nullable: true }) initialUserAgent!: string | null;
  @Column('text', { name: 'last_ip', nullable: true }) lastIp!: string | null;
  @Column('text', { name: 'last_user_agent', nullable: true }) lastUserAgent!: string | null;
  /** Set by whoever ends it; nothing is handed out in it any more. */
  @Column('timestamptz', { name: 'ended_at', nullable: true }) endedAt!: Date | null;
}
