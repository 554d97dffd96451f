import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child.js';
import { Http } from './http.js';

/** For the slowest of machines: several processes start at once, and those of other suites beside them. */
const START_SECONDS = 300;

/** Waits until `/readyz` says so; `caFile` is asked each time, for the start may be what makes it. */
export async function untilReady(child: Child, url: string, caFile: () => string | undefined): Promise<void> {
  let last = '';
  const isReady = async (): Promise<boolean> => {
    try {
      const http = new Http(caFile());
      const { status } = await http.send(url).finally(() => http.close());
      last = `/readyz answered ${status}`;
      return status === 200;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
      return false;
    }
  };
  for (const end = performance.now() + START_SECONDS * 1000; performance.now() < end; await sleep(100)) {
    if (child.hasEnded) throw new Error(`The server ended while it started:\n${child.output}`);
    if (await isReady()) return;
  }
  await child.end('SIGTERM');
  throw new Error(`Not ready after ${START_SECONDS} s (${last}):\n${child.output}`);
}

/** Linux only. */
export function residentMebibytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
}

/** Suites ask for more than one client or person usually may. A spec about the limits says its own. */
export const UNLIMITED = { STRONGROOM_RATE_MANAGEMENT: '100000', STRONGROOM_RATE_ACCOUNT: '100000' };
