import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import { hashOf } from './secrets.js';

/** `connect`: who opened the ticket. `connect_in`: the sign-in round trip that finds out. */
export type FlowCookie = 'connect' | 'connect_in';

const SESSION_SECONDS = 600;

/** The part of a session's cookie names that keeps two tabs apart. */
export const flowKey = (sessionId: string): string => hashOf(sessionId).toString('hex').slice(0, 8);

/** The flow's own cookies, one pair for each session. */
@Injectable()
export class FlowCookies {
  constructor(private readonly publicUrl: PublicUrl) {}

  read(header: string | undefined, cookie: FlowCookie, key: string): string | undefined {
    const wanted = `${this.name(cookie, key)}=`;
    return (header ?? '')
      .split(';')
      .map((pair) => pair.trim())
      .find((pair) => pair.startsWith(wanted))
      ?.slice(wanted.length);
  }

  /** A `Set-Cookie`. */
  set(cookie: FlowCookie, key: string, value: string): string {
    return `${this.name(cookie, key)}=${value}; Max-Age=${SESSION_SECONDS}; ${this.attributes}`;
  }

  clear(cookie: FlowCookie, key: string): string {
    return `${this.name(cookie, key)}=; Max-Age=0; ${this.attributes}`;
  }

  /** `__Host-` needs https; plain http is for development on loopback only. */
  private name(cookie: FlowCookie, key: string): string {
    return `${this.publicUrl.isHttps ? '__Host-' : ''}strongroom_${cookie}_${key}`;
  }

  private get attributes(): string {
    return `Path=/; HttpOnly; SameSite=Lax${this.publicUrl.isHttps ? '; Secure' : ''}`;
  }
}
