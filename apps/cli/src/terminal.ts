/** Where a command speaks, and what it reads; without an environment: that of the process. */
export interface Terminal {
  environment?: NodeJS.ProcessEnv;
  say: (line: string) => void;
  complain: (line: string) => void;
}
