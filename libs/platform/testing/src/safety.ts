import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** A figure of `docs/safety.md`: what was asked for, what a run of this machine showed. */
export interface Figure {
  /** The same in every run; the newest run of it is shown. */
  id: string;
  title: string;
  /** `0 lost of 1,000`. */
  required: string;
  measured: string;
  holds: boolean;
  /** What was broken on purpose, and seen red by the same test. */
  control?: string;
  seed?: number;
}

/**
 * How often a safety suite does something: `STRONGROOM_SAFETY_<NAME>`, else the full figure where
 * `STRONGROOM_SAFETY=full`, else the short one, which every run of `npm test` takes.
 */
export function safetyCount(name: string, { short, full }: { short: number; full: number }): number {
  const given = process.env[`STRONGROOM_SAFETY_${name}`];
  if (given === undefined) return isFullRun() ? full : short;
  if (!/^[1-9]\d*$/.test(given)) throw new Error(`STRONGROOM_SAFETY_${name} must be a whole number above 0.`);
  return Number(given);
}

export const isFullRun = (): boolean => process.env['STRONGROOM_SAFETY'] === 'full';

/** Prints the figure, and keeps it where `STRONGROOM_SAFETY_FIGURES` names a file: one JSON object a line. */
export function recordFigure(figure: Figure): void {
  process.stderr.write(
    `SAFETY ${figure.holds ? 'holds' : 'BROKEN'}: ${figure.title}: ${figure.measured} (required: ${figure.required})\n`,
  );
  const file = process.env['STRONGROOM_SAFETY_FIGURES'];
  if (!file) return;
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(file, `${JSON.stringify({ ...figure, date: new Date().toISOString().slice(0, 10) })}\n`);
}
