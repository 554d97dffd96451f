/** The process must not run like this. One line that names the setting, never its value. */
export class StartRefusedError extends Error {
  override readonly name = 'StartRefusedError';

  constructor(setting: string, why: string) {
    super(`${setting}: ${why}`);
  }
}
