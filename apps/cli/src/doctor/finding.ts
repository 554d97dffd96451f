import { reasonOf } from '../reason.js';

/** The outcome of one check; of a fault, what is wrong and what to do. No value of a secret is ever part of it. */
export interface Finding {
  state: 'ok' | 'FAULT' | 'skipped';
  what: string;
  detail: string;
}

/** @param work answers with what was found, or throws an error whose message says what to do. */
export async function check(what: string, work: () => Promise<string> | string): Promise<Finding> {
  try {
    return { state: 'ok', what, detail: await work() };
  } catch (error) {
    return fault(what, reasonOf(error));
  }
}

export const fault = (what: string, detail: string): Finding => ({ state: 'FAULT', what, detail });
export const skipped = (what: string, detail: string): Finding => ({ state: 'skipped', what, detail });

/** One line each, whatever a library put into its message. */
export const lineOf = ({ state, what, detail }: Finding): string =>
  `${state.padEnd(7)}  ${what}  ${detail}`.replace(/\s*\n\s*/g, ' ').trimEnd();
