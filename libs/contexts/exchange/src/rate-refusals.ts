import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { exchangeFailed } from '@strongroom/contracts';
import { LOGGER, type Logger } from '@strongroom/observability';
import type { refusalRow } from './audit-rows.js';
import { ExchangeRecords } from './exchange-records.js';

const MINUTE_MS = 60_000;
/** Whoever comes when there are so many is counted with the others who do. */
const CALLERS = 10_000;

/** Many requests are not for one person. */
const FOR_NOBODY = { personId: null, userId: null, subjectTokenType: null, auditContext: null };

type Refused = ReturnType<typeof refusalRow>;

interface Minute {
  /** The first one. */
  refused: Refused;
  /** That of all of them; null: they had several. */
  ip: string | null;
  /** Beyond the first. */
  more: number;
  timer: NodeJS.Timeout;
}

/**
 * Requests that a rate limit refused could go on for as long as somebody likes: a caller's first is in the audit at once,
 * and those of the minute after it are one row that says how many they were (`spec/threats.md` L4).
 */
@Injectable()
export class RateRefusals implements BeforeApplicationShutdown {
  private readonly minutes = new Map<string, Minute>();

  constructor(
    private readonly records: ExchangeRecords,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @param isProven whether it is certain that the client was it; else whoever calls from its address. */
  async add(refused: Refused, isProven: boolean): Promise<void> {
    const caller = JSON.stringify([refused.clientId, isProven ? null : refused.ip]);
    const key = this.minutes.has(caller) || this.minutes.size < CALLERS ? caller : '';
    const known = this.minutes.get(key);
    if (known) {
      known.more += 1;
      if (known.ip !== refused.ip) known.ip = null;
      return;
    }
    const timer = setTimeout(() => void this.close(key), MINUTE_MS).unref();
    this.minutes.set(key, { refused, ip: refused.ip, more: 0, timer });
    await this.write(refused);
  }

  /** Writes what has been counted up to now. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.minutes.keys()].map((key) => this.close(key)));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.closeAll();
  }

  private async close(key: string): Promise<void> {
    const { refused, ip, more, timer } = this.minutes.get(key)!;
    clearTimeout(timer);
    this.minutes.delete(key);
    if (more > 0) await this.write({ ...refused, ...FOR_NOBODY, ip, requests: more });
  }

  /** Nothing is handed out here: the refusal stands, recorded or not. */
  private async write(row: Refused & { requests?: number }): Promise<void> {
    await this.records
      .add(exchangeFailed, (exchangeId) => ({ exchangeId, ...row }))
      .catch((error: unknown) => this.logger.warn({ err: error }, 'refusals by a rate were not recorded'));
  }
}
