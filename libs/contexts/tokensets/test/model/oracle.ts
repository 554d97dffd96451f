import type { Rotation } from '../../src/refresh/refresh.types.js';
import type { Token } from './observations.js';

export interface OracleRules {
  rotation: Rotation;
  graceMs: number;
  /** A second use ends the grant; otherwise it is only refused. */
  reuseKills: boolean;
  /** Where reuse is harmless: whether new tokens come at all. */
  rotates: boolean;
}

interface Grant {
  isAlive: boolean;
  newest: number;
  /** When a token was first used, by the provider's clock. */
  usedAt: Map<number, number>;
  accesses: number;
}

export type OracleAnswer =
  { ok: true; access: string; refresh: string | null; newest: Token } | { ok: false; isReuse: boolean };

/** A provider that knows which token is alive, and forgives as much as its class says. */
export class Oracle {
  private readonly grants: Grant[] = [];

  constructor(
    private readonly rules: OracleRules,
    private readonly now: () => number,
  ) {}

  grant(): { token: Token; access: string; refresh: string } {
    this.grants.push({ isAlive: true, newest: 1, usedAt: new Map(), accesses: 1 });
    const token = { grant: this.grants.length, serial: 1 };
    return { token, access: accessToken(token, 1), refresh: refreshToken(token) };
  }

  revoke(grant: number): void {
    this.grants[grant - 1]!.isAlive = false;
  }

  /** Whether a refresh with it would work now. */
  takes({ grant: number, serial }: Token): boolean {
    const { isAlive, usedAt } = this.grants[number - 1]!;
    return isAlive && (!usedAt.has(serial) || this.isForgiven(usedAt.get(serial)!));
  }

  refresh(token: string): OracleAnswer {
    const { grant: number, serial } = readToken(token);
    const grant = this.grants[number - 1]!;
    if (!grant.isAlive) return { ok: false, isReuse: false };
    const usedAt = grant.usedAt.get(serial);
    if (usedAt !== undefined && !this.isForgiven(usedAt)) {
      if (this.rules.reuseKills) grant.isAlive = false;
      return { ok: false, isReuse: true };
    }
    grant.accesses += 1;
    if (this.rules.rotates) {
      grant.usedAt.set(serial, usedAt ?? this.now());
      grant.newest += 1;
    }
    const newest = { grant: number, serial: grant.newest };
    const refresh = this.rules.rotates ? refreshToken(newest) : null;
    return { ok: true, access: accessToken(newest, grant.accesses), refresh, newest };
  }

  private isForgiven(usedAt: number): boolean {
    const { rotation, graceMs } = this.rules;
    return rotation === 'repeatable' || (rotation === 'grace' && this.now() - usedAt < graceMs);
  }
}

const refreshToken = ({ grant, serial }: Token): string => `cnry_rt_${grant}_${serial}`;
/** It says which refresh token came with it. */
const accessToken = ({ grant, serial }: Token, access: number): string => `cnry_at_${grant}_${serial}_${access}`;

export function readToken(token: string): Token {
  const [, , grant, serial] = token.split('_');
  return { grant: Number(grant), serial: Number(serial) };
}
