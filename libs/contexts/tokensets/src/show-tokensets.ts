import { Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { KeyRing } from '@strongroom/crypto';
import { Metrics, type Sample, showKeys } from '@strongroom/observability';
import { DataSource } from 'typeorm';

const ROTATIONS = ['repeatable', 'grace', 'strict'];

/** How the tokensets are, for whoever scrapes: asked then, and the same from every process of this context. */
@Injectable()
export class ShowTokensets implements OnModuleInit {
  constructor(
    private readonly database: DataSource,
    private readonly ring: KeyRing,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  onModuleInit(): void {
    this.metrics?.gaugeOf(
      { name: 'strongroom_tokensets', help: 'Tokensets by status and reason.', labels: ['status', 'reason'] },
      () => this.byStatus(),
    );
    this.metrics?.gaugeOf(
      {
        name: 'strongroom_refresh_in_doubt',
        help: 'Tokensets with a refresh of unknown outcome.',
        labels: ['class'],
      },
      () => this.inDoubt(),
    );
    if (this.metrics) showKeys(this.metrics, 'tokensets', this.ring);
  }

  private async byStatus(): Promise<Sample<'status' | 'reason'>[]> {
    const rows = await this.database.query<{ status: string; reason: string | null; count: number }[]>(
      'SELECT status, reason, count(*)::int AS count FROM tokensets GROUP BY status, reason',
    );
    return rows.map(({ status, reason, count }) => ({ labels: { status, reason: reason ?? '' }, value: count }));
  }

  private async inDoubt(): Promise<Sample<'class'>[]> {
    const rows = await this.database.query<{ rotation: string; count: number }[]>(
      `SELECT a.rotation, count(DISTINCT t.id)::int AS count
       FROM refresh_attempts a JOIN tokensets t ON t.id = a.tokenset_id AND t.cred_version = a.base_version
       WHERE t.status = 'active' AND (a.state = 'unknown'
         OR a.state = 'sent' AND coalesce(t.lease_until < clock_timestamp(), true))
       GROUP BY a.rotation`,
    );
    const counts = new Map(rows.map(({ rotation, count }) => [rotation, count]));
    return ROTATIONS.map((rotation) => ({ labels: { class: rotation }, value: counts.get(rotation) ?? 0 }));
  }
}
